using System.Collections.Immutable;
using System.Globalization;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Api.Http;
using RefusalExplorer.Web.Components.Controls;

namespace RefusalExplorer.Web.Api.Resources;

/// <summary>Annotations of features, with who made them.</summary>
internal static class AnnotationsApi
{
    private const int MostAtOnce = 1000, MostLabels = 50, LongestText = 4000;

    public static void MapAnnotations(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("annotations");
        group.MapGet("", (IAnnotationStore store, string? model, string? sae, FeatureId? feature, string? annotator, string? label) =>
                store.List(new AnnotationQuery { Model = model, Sae = sae, Feature = feature, Annotator = annotator, Label = label }))
            .WithName("listAnnotations").WithSummary("The current annotations, by layer, index and annotator");
        group.MapGet("csv", (IAnnotationStore store, string? model) =>
                Results.Text(Exports.Csv(
                    ["model", "sae", "feature", "annotator", "labels", "notes", "confidence", "at"],
                    store.List(new AnnotationQuery { Model = model }).Select(Row)), Exports.CsvType))
            .WithName("exportAnnotations").WithSummary("The same as CSV, one row an annotation").Produces(StatusCodes.Status200OK, contentType: Exports.CsvType);
        group.MapPost("", async (AnnotationInput[] body, IAnnotationStore store, TimeProvider time, CancellationToken cancellation) =>
            {
                if (body.Length > MostAtOnce)
                    throw ApiException.BadRequest($"{body.Length} annotations; at most {MostAtOnce} are taken at once");
                Annotation[] annotations = [.. body.Select((a, i) => Read(a, i, time.GetUtcNow()))];
                await store.SaveAsync(annotations, cancellation);
                return annotations;
            })
            .WithName("annotate").WithSummary("Adds a revision for each: all of them, or none if one is refused");
        group.MapGet("history", (IAnnotationStore store, string model, string sae, FeatureId feature, string annotator) =>
                store.History(new AnnotationKey(model, sae, feature, annotator)))
            .WithName("annotationHistory").WithSummary("All revisions of one annotation, oldest first");
        group.MapPost("undo", async (AnnotationKey key, IAnnotationStore store, CancellationToken cancellation) =>
                await store.UndoAsync(key, cancellation) is { } current ? Results.Ok(current) : Results.NoContent())
            .WithName("undoAnnotation").WithSummary("Takes the newest revision back; the one before it is current again")
            .Produces<Annotation>().Produces(StatusCodes.Status204NoContent);
    }

    private static Annotation Read(AnnotationInput input, int index, DateTimeOffset now)
    {
        string at = $"the body at $[{index}]";
        if (new[] { input.Model, input.Sae, input.Annotator }.Any(t => t.Length is 0 or > 200))
            throw ApiException.BadRequest($"{at}: expected model, sae and annotator of 1 to 200 characters");
        if (input.Labels.Length > MostLabels || input.Labels.Any(l => l.Length is 0 or > 200))
            throw ApiException.BadRequest($"{at}: expected at most {MostLabels} labels of 1 to 200 characters");
        if (input.Notes.Length > LongestText)
            throw ApiException.BadRequest($"{at}: notes of {input.Notes.Length} characters; expected at most {LongestText}");
        if (input.Confidence is < 0 or > 1)
            throw ApiException.BadRequest($"{at}: confidence {input.Confidence}; expected 0 to 1");
        return new Annotation
        {
            Key = new AnnotationKey(input.Model, input.Sae, input.Feature, input.Annotator),
            Labels = input.Labels,
            Notes = input.Notes,
            Confidence = input.Confidence,
            At = now,
        };
    }

    private static object?[] Row(Annotation a) =>
    [
        a.Key.Model, a.Key.Sae, a.Key.Feature.ToString(), a.Key.Annotator, string.Join("; ", a.Labels), a.Notes, a.Confidence,
        a.At.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
    ];

    /// <summary>What an annotator says of a feature.</summary>
    internal sealed record AnnotationInput
    {
        /// <summary>A configured model's name.</summary>
        public required string Model { get; init; }

        /// <summary>Name or fingerprint of the SAE.</summary>
        public required string Sae { get; init; }

        /// <summary>The feature.</summary>
        public required FeatureId Feature { get; init; }

        /// <summary>Who annotates.</summary>
        public required string Annotator { get; init; }

        /// <summary>Labels; none withdraws them.</summary>
        public ImmutableArray<string> Labels { get; init; } = [];

        /// <summary>Free notes.</summary>
        public string Notes { get; init; } = "";

        /// <summary>Confidence, 0–1, or null.</summary>
        public double? Confidence { get; init; }
    }
}

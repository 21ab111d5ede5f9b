using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Explore;
using PromptSelection = RefusalExplorer.Pipeline.Analyses.Requests.PromptSelection;

namespace RefusalExplorer.Web.Analyses;

/// <summary>Makes a request of a form: reads what it names, and leaves to the analysis what it leaves out.</summary>
public sealed class AnalysisRequests(StudyFeatures studies, ExploreLinks links, AnalysisRuns runs, SuggestionCache suggestions)
{
    /// <summary>Most prompts of each kind that a page takes.</summary>
    public const int MostPrompts = 10_000;

    /// <summary>The request.</summary>
    /// <param name="analysis">What it is for.</param>
    /// <param name="form">The form.</param>
    /// <param name="cancellation">Gives up waiting for suggestions.</param>
    /// <exception cref="EngineException">Something in it cannot be read; one line says what.</exception>
    public async Task<AnalysisRequest> MakeAsync(IAnalysis analysis, AnalysisForm form, CancellationToken cancellation = default)
    {
        AnalysisNeeds needs = analysis.Info.Needs;
        StudyEntry? study = form.First.Source == SetSource.Study ? studies.Get(form.First.Text) : null;
        var request = new AnalysisRequest
        {
            Model = form.Model,
            // A study's features are those of its SAEs, gate and template, whatever the model's settings say now.
            Changes = study is null ? Earlier(form)?.Changes : ModelChanges.Of(study.Study),
            Harmful = needs.HasFlag(AnalysisNeeds.Harmful) ? Prompts(form, form.Harmful, harmful: true) : null,
            Harmless = needs.HasFlag(AnalysisNeeds.Harmless) ? Prompts(form, form.Harmless, harmful: false) : null,
            Scope = TokenScope.Parse(form.Scope).ToString(),
            MaxNewTokens = form.MaxNewTokens,
            Seed = form.Seed,
            Settings = SettingText.Read(SettingField.Of(analysis), form.Settings),
        };
        analysis.ReadSettings(request.Settings);
        if (!needs.HasFlag(AnalysisNeeds.Features))
            return request;
        AnalysisFeatureSet? second = needs.HasFlag(AnalysisNeeds.SecondSet) ? await SetAsync(form, form.Second, 1, cancellation).ConfigureAwait(false) : null;
        // Without a first set the second would stand in its place.
        AnalysisFeatureSet? first = await SetAsync(form, form.First, 0, cancellation).ConfigureAwait(false)
            ?? (second is null ? null : await SuggestedAsync(form, cancellation).ConfigureAwait(false));
        return request with
        {
            Sets = [.. new[] { first, second }.OfType<AnalysisFeatureSet>()],
            Study = study is null ? Earlier(form)?.Study : study.Study.Name,
            Direction = study is null ? Earlier(form)?.Direction : studies.DirectionOf(study.Id),
        };
    }

    private AnalysisRequest? Earlier(AnalysisForm form) => form.First.Source == SetSource.Run ? Run(form.First.Text) : null;

    private AnalysisRequest Run(string id) => runs.Find(id)?.Request
        ?? throw new PipelineException($"run '{id}': there is none of that id here; choose another source of features and prompts");

    // Null leaves the choice to the analysis: the top 5 of each layer, and the ranks after them for a second set.
    private async Task<AnalysisFeatureSet?> SetAsync(AnalysisForm form, SetChoice choice, int place, CancellationToken cancellation) => choice.Source switch
    {
        SetSource.Pasted => new AnalysisFeatureSet { Name = "pasted features", Features = [.. FeatureText.Parse(choice.Text).Order()] },
        SetSource.Study => studies.Set(choice.Text, choice.Set),
        SetSource.Explore => new AnalysisFeatureSet
        {
            Name = "features of the Explore page",
            Features = await links.ReadAsync(choice.Text, form.Model, cancellation).ConfigureAwait(false),
        },
        SetSource.Run => Run(choice.Text).Sets.ElementAtOrDefault(place),
        _ when place == 0 && choice.TopK != new SetChoice().TopK => await SuggestedAsync(form, cancellation).ConfigureAwait(false),
        _ => null,
    };

    private async Task<AnalysisFeatureSet> SuggestedAsync(AnalysisForm form, CancellationToken cancellation)
    {
        int k = form.First.TopK;
        if (k is < 1 or > ExploreLimits.MostPerLayer)
            throw new PipelineException($"features a layer: {k}; expected 1 to {ExploreLimits.MostPerLayer}");
        var ranked = await suggestions.GetAsync(form.Model, cancellation).ConfigureAwait(false);
        return new AnalysisFeatureSet
        {
            Name = $"top {k} by cosine",
            Features = [.. ranked.GroupBy(s => s.Feature.Layer).SelectMany(l => l.Take(k)).Select(s => s.Feature).Order()],
        };
    }

    private PromptSelection? Prompts(AnalysisForm form, PromptChoice choice, bool harmful)
    {
        string kind = harmful ? "harmful prompts" : "harmless prompts";
        if (choice.Take is < 1 or > MostPrompts)
            throw new PipelineException($"{kind}: {choice.Take}; expected 1 to {MostPrompts}");
        switch (choice.Origin)
        {
            case PromptOrigin.Own:
                ImmutableArray<AnalysisPrompt> own =
                    [.. choice.Value.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(l => new AnalysisPrompt { Instruction = l, DataSet = "own prompts" })];
                return own.IsEmpty ? throw new PipelineException($"{kind}: none was given; write one a line") : new PromptSelection { Items = own, Take = choice.Take };
            case PromptOrigin.File:
                return string.IsNullOrWhiteSpace(choice.Value)
                    ? throw new PipelineException($"{kind}: name a file (CSV, JSON, JSONL or text)")
                    : new PromptSelection { Set = choice.Value.Trim(), Take = choice.Take };
            case PromptOrigin.Study when harmful && form.First.Source == SetSource.Study:
                return studies.Prompts(form.First.Text) with { Take = choice.Take };
            case PromptOrigin.Study:
                throw new PipelineException($"{kind}: the prompts of a study go with its features; choose a study as the source of the features");
            case PromptOrigin.Run:
                AnalysisRequest earlier = Run(choice.Value);
                return (harmful ? earlier.Harmful : earlier.Harmless) is { } same ? same with { Take = choice.Take ?? same.Take } : Usual(choice);
            default:
                return choice.Value.Length > 0 ? new PromptSelection { Set = $"demo:{choice.Value}", Take = choice.Take } : Usual(choice);
        }
    }

    // A number alone: so many of the analysis' own set.
    private static PromptSelection? Usual(PromptChoice choice) => choice.Take is { } take ? new PromptSelection { Take = take } : null;
}

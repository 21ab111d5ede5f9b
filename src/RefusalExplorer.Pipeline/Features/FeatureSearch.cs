using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Annotations;

namespace RefusalExplorer.Pipeline.Features;

/// <summary>Turns a query into sets of an index and finds what matches.</summary>
public sealed class FeatureSearch(FeatureExplanations explanations, AnnotationBook annotations, StudyFeatures studies)
{
    private static readonly char[] Blanks = [' ', ',', ';', '\t', '\n', '\r'];

    /// <summary>The features that match.</summary>
    /// <exception cref="EngineException">A text without a word, a study that is not there; one line says which.</exception>
    public FeatureMatches Find(FeatureIndex index, FeatureQuery query)
    {
        FeatureColumns columns = index.Columns;
        ImmutableArray<int> layers = query.Layers.IsEmpty ? [.. columns.Layers.Select(l => l.Layer)] : query.Layers;
        var sets = ImmutableArray.CreateBuilder<FeatureSet>();
        if (query.Text.Trim() is { Length: > 0 } text)
            sets.Add(FeatureSet.Of("text", Named(text) ?? explanations.Matching(query.Model, layers, text), columns));
        if (query.Study.Length > 0)
            sets.Add(FeatureSet.Of("study", studies.In(query.Study).Keys, columns));
        AnnotationTable table = annotations.Of(query.Model, columns);
        bool without = query.Annotator == FeatureQuery.Nobody;
        if (query.Label.Length > 0 || (query.Annotator.Length > 0 && !without))
        {
            string? annotator = query.Annotator is "" or FeatureQuery.Nobody or FeatureQuery.Anybody ? null : query.Annotator;
            sets.Add(FeatureSet.Of("annotated", table.Features(annotator, query.Label.Length > 0 ? query.Label : null), columns));
        }
        return index.Search(
            new FeatureFilter
            {
                Layers = query.Layers,
                Cosine = query.Cosine,
                Density = query.Density,
                In = sets.ToImmutable(),
                NotIn = without ? [FeatureSet.Of("annotated", table.Features(null, null), columns)] : [],
            },
            query.Order, query.Descending);
    }

    // A list of features that somebody pasted is no text of explanations.
    private static List<FeatureId>? Named(string text)
    {
        var features = new List<FeatureId>();
        foreach (string word in text.Split(Blanks, StringSplitOptions.RemoveEmptyEntries))
        {
            if (!FeatureId.TryParse(word, null, out FeatureId feature))
                return null;
            features.Add(feature);
        }
        return features;
    }
}

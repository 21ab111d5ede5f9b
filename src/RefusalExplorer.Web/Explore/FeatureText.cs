using RefusalExplorer.Engine;

namespace RefusalExplorer.Web.Explore;

/// <summary>Reads lists of features as people paste them.</summary>
public static class FeatureText
{
    private static readonly char[] Separators = [' ', ',', ';', '\n', '\r', '\t', '"', '\'', '[', ']', '(', ')', '{', '}'];

    /// <summary>Features in a text, separated by blanks, commas or line breaks; quotes and brackets of code are skipped. <c>12-98914</c> is read too.</summary>
    /// <exception cref="EngineException">There is none, too many, or a word that is none.</exception>
    public static IReadOnlyList<FeatureId> Parse(string text)
    {
        var features = new List<FeatureId>();
        foreach (string word in text.Split(Separators, StringSplitOptions.RemoveEmptyEntries))
        {
            features.Add(FeatureId.TryParse(word, null, out FeatureId feature) || FeatureId.TryParse("L" + word, null, out feature)
                ? feature
                : throw new EngineException($"'{(word.Length > 40 ? word[..40] + "…" : word)}' is no feature: expected L<layer>-<index>, for example L12-98"));
        }
        if (features.Count == 0)
            throw new EngineException("no feature was given: expected L<layer>-<index>, for example L12-98; several with blanks or commas between");
        return features.Count <= ExploreLimits.MostFeatures
            ? [.. features.Distinct()]
            : throw new EngineException($"{features.Count} features were given; at most {ExploreLimits.MostFeatures} are taken here");
    }
}

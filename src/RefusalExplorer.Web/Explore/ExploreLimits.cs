namespace RefusalExplorer.Web.Explore;

/// <summary>What the page lets one set.</summary>
public static class ExploreLimits
{
    /// <summary>Suggested features a layer.</summary>
    public const int MostPerLayer = 20;

    /// <summary>New tokens of an answer.</summary>
    public const int MostNewTokens = 512;

    /// <summary>Temperature.</summary>
    public const double HighestTemperature = 2;

    /// <summary>Strength of an edit, either sign.</summary>
    public const double LargestStrength = 100;

    /// <summary>Named features in the cart.</summary>
    public const int MostFeatures = 2000;

    /// <summary>Characters of a prompt.</summary>
    public const int LongestPrompt = 20_000;

    /// <summary>Next tokens listed.</summary>
    public const int NextTokens = 8;
}

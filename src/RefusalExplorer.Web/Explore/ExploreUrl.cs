using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;

namespace RefusalExplorer.Web.Explore;

/// <summary>The page's state as a query string: only what differs from what the page opens with.</summary>
public static class ExploreUrl
{
    /// <summary>Longest query; servers and proxies refuse longer addresses.</summary>
    public const int Longest = 6000;

    private const string None = "none";
    private const char Separator = '~';

    /// <summary>The query, with its question mark, or empty for the default.</summary>
    public static string Write(ExploreState state)
    {
        ExploreState usual = ExploreState.Default;
        var parts = new List<string>();
        void Add(string key, string value) => parts.Add($"{key}={Escape(value)}");
        void AddIf(bool differs, string key, string value)
        {
            if (differs)
                Add(key, value);
        }
        AddIf(state.Model != usual.Model, "m", state.Model);
        AddIf(state.Prompt != usual.Prompt, "p", Pick(state.Prompt));
        AddIf(state.System.Length > 0, "s", state.System);
        AddIf(state.Raw, "raw", "1");
        AddIf(state.Benign != usual.Benign, "b", Pick(state.Benign));
        AddIf(state.TopK != usual.TopK, "k", Number(state.TopK));
        if (!state.Groups.SequenceEqual(usual.Groups))
        {
            foreach (CartGroup group in state.Groups)
                Add("g", Group(group));
            AddIf(state.Groups.IsEmpty, "g", None);
        }
        AddIf(state.MaxNewTokens != usual.MaxNewTokens, "n", Number(state.MaxNewTokens));
        AddIf(!state.Temperature.Equals(usual.Temperature), "t", Number(state.Temperature));
        AddIf(state.Seed != usual.Seed, "seed", Number(state.Seed));
        AddIf(!state.Control, "control", "0");
        AddIf(state.Selected is not null, "f", state.Selected?.ToString() ?? "");
        return parts.Count == 0 ? "" : "?" + string.Join('&', parts);
    }

    /// <summary>The state of a query. What cannot be read is left as the page opens, and said.</summary>
    public static ExploreState Read(string query, out ImmutableArray<string> problems)
    {
        var said = ImmutableArray.CreateBuilder<string>();
        ExploreState state = ExploreState.Default;
        foreach ((string key, StringValues values) in QueryHelpers.ParseQuery(query))
        {
            try
            {
                state = Read(state, key, values);
            }
            catch (Exception e) when (e is FormatException or EngineException or OverflowException)
            {
                said.Add($"address, {key}={values[0]}: {e.Message}; left as it was");
            }
        }
        problems = said.ToImmutable();
        return state;
    }

    private static ExploreState Read(ExploreState state, string key, StringValues values)
    {
        string value = values[0] ?? "";
        return key switch
        {
            "m" => state with { Model = value },
            "p" => state with { Prompt = Pick(value) ?? throw new FormatException("expected a prompt") },
            "s" => state with { System = value },
            "raw" => state with { Raw = value == "1" },
            "b" => state with { Benign = Pick(value) },
            "k" => state with { TopK = Whole(value, 0, ExploreLimits.MostPerLayer) },
            "g" => state with { Groups = value == None ? [] : [.. values.Select(v => Group(v ?? "")).DistinctBy(g => g.Name)] },
            "n" => state with { MaxNewTokens = Whole(value, 1, ExploreLimits.MostNewTokens) },
            "t" => state with { Temperature = Within(value, 0, ExploreLimits.HighestTemperature) },
            "seed" => state with { Seed = Whole(value, 0, int.MaxValue) },
            "control" => state with { Control = value != "0" },
            "f" => state with { Selected = FeatureId.Parse(value) },
            _ => state, // Others' parameters (a token, say) are none of ours.
        };
    }

    private static string Pick(PromptPick? pick) => pick switch
    {
        null => None,
        { Set: { } set } => $"{set}.{Number(pick.Item + 1)}",
        _ => Separator + pick.Text,
    };

    private static PromptPick? Pick(string text)
    {
        if (text == None)
            return null;
        if (text.StartsWith(Separator))
            return new PromptPick(null, 0, text[1..]);
        int dot = text.LastIndexOf('.');
        if (dot < 1)
            throw new FormatException("expected a set and a number, for example harmful_test.4, or ~ and a text");
        return new PromptPick(text[..dot], Whole(text[(dot + 1)..], 1, int.MaxValue) - 1);
    }

    private static string Group(CartGroup g) => string.Join(
        Separator,
        g.Enabled ? "on" : "off",
        g.Op switch { InterventionOp.ProjectOut => "projectOut", _ => g.Op.ToString().ToLowerInvariant() },
        Number(g.Strength),
        g.Scope.ToString(),
        g.Source switch { GroupSource.Suggested => "top", GroupSource.Direction => Number(g.Layer), _ => string.Join(',', g.Features) },
        string.Join(',', g.Off.Order()),
        g.Name);

    private static CartGroup Group(string text)
    {
        string[] parts = text.Split(Separator, 7);
        if (parts.Length < 7 || !Enum.TryParse(parts[1], ignoreCase: true, out InterventionOp op) || !Enum.IsDefined(op))
            throw new FormatException("expected on~ablate~1~allButFirst~L12-5,L14-9~~name");
        bool direction = op is InterventionOp.Add or InterventionOp.ProjectOut, suggested = parts[4] == "top";
        return new CartGroup
        {
            Enabled = parts[0] == "on",
            Op = op,
            Strength = Within(parts[2], -ExploreLimits.LargestStrength, ExploreLimits.LargestStrength),
            Scope = TokenScope.Parse(parts[3]),
            Source = direction ? GroupSource.Direction : suggested ? GroupSource.Suggested : GroupSource.Named,
            Layer = direction ? Whole(parts[4], 0, int.MaxValue) : 0,
            Features = direction || suggested ? [] : Features(parts[4]),
            Off = [.. Features(parts[5])],
            Name = parts[6],
        };
    }

    private static ImmutableArray<FeatureId> Features(string text) =>
        [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(f => FeatureId.Parse(f))];

    private static string Number(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);

    private static int Whole(string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most
            ? value
            : throw new FormatException($"expected a whole number from {least} to {most}");

    private static double Within(string text, double least, double most) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= least && value <= most
            ? value
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"expected a number from {least} to {most}"));

    // Commas, colons and slashes are allowed in a query, and addresses are read by people.
    private static string Escape(string value) => Uri.EscapeDataString(value)
        .Replace("%2C", ",", StringComparison.Ordinal).Replace("%3A", ":", StringComparison.Ordinal).Replace("%20", "+", StringComparison.Ordinal);
}

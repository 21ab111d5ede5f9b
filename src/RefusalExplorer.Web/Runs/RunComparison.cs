using System.Collections.Immutable;
using System.Globalization;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Web.Explore;

namespace RefusalExplorer.Web.Runs;

/// <summary>Which direction of a difference is the better one.</summary>
public enum Better
{
    /// <summary>Neither: it is a setting, or depends on what is wanted.</summary>
    Neither,

    /// <summary>Smaller.</summary>
    Lower,

    /// <summary>Larger.</summary>
    Higher,
}

/// <summary>A line of a comparison.</summary>
/// <param name="Group">Arm, or what kind of setting.</param>
/// <param name="Name">What is compared.</param>
/// <param name="A">In the first run; null where it is not there.</param>
/// <param name="B">In the second.</param>
/// <param name="Delta">B − A, for numbers.</param>
/// <param name="Better">Which direction is better.</param>
public sealed record ComparedValue(string Group, string Name, string? A, string? B, double? Delta = null, Better Better = Better.Neither)
{
    /// <summary>Whether the runs differ here.</summary>
    public bool Differs => A != B;

    /// <summary>True where the second run is better, false where it is worse, null where that cannot be said.</summary>
    public bool? IsBetter => Delta is not { } d || d == 0 || Better == Better.Neither ? null : d > 0 == (Better == Better.Higher);
}

/// <summary>Two experiments side by side: settings, then each arm's figures.</summary>
public static class RunComparison
{
    private static readonly RepetitionDetector Repetitions = new();

    /// <summary>All lines. The better direction is that of removing a refusal at little cost.</summary>
    public static ImmutableArray<ComparedValue> Of(ExperimentState a, ExperimentState b)
    {
        var rows = ImmutableArray.CreateBuilder<ComparedValue>();
        foreach ((string name, Func<ExperimentState, string?> value) in Settings)
            rows.Add(new ComparedValue("Settings", name, value(a), value(b)));
        foreach ((string name, Func<RunRecord, string?> value) in Records)
            rows.Add(new ComparedValue("Record", name, a.Result is { } ra ? value(ra.Record) : null, b.Result is { } rb ? value(rb.Record) : null));
        foreach (Arm arm in Enum.GetValues<Arm>())
        {
            ArmResult? x = a.Arms.GetValueOrDefault(arm)?.Arm, y = b.Arms.GetValueOrDefault(arm)?.Arm;
            if (x is not null || y is not null)
                rows.AddRange(OfArm(arm, x, y));
        }
        return rows.ToImmutable();
    }

    private static IEnumerable<ComparedValue> OfArm(Arm arm, ArmResult? a, ArmResult? b)
    {
        string group = ArmNames.Of(arm);
        Better less = arm is Arm.Intervened or Arm.BenignIntervened ? Better.Lower : Better.Neither;
        yield return Number("P(“I”)", r => r.RefusalProbability, less, Numbers.Probability);
        yield return new ComparedValue(group, "verdict", Name(a?.Verdict), Name(b?.Verdict));
        yield return Number("KL, nats", r => r.Kl, less, Numbers.Brief);
        yield return Number("features that bit", r => r.Effects.IsDefaultOrEmpty ? null : r.Effects.Count(e => e.HadEffect), Better.Neither, Numbers.Brief);
        yield return Number("‖Δh‖", r => r.Effects.IsDefaultOrEmpty ? null : Math.Sqrt(r.Effects.Sum(e => e.DeltaNorm * e.DeltaNorm)), less, Numbers.Brief);
        yield return Number("repetition", r => r.Text.Length == 0 ? null : 1 - Repetitions.Measure(r.Text).DistinctNGramShare, Better.Lower, Numbers.Brief);
        yield return Number("cosine, last layer", r => r.Cosine.IsDefaultOrEmpty ? null : r.Cosine[^1], less, Numbers.Brief);
        yield return Number("tokens", r => r.Generated.Length, Better.Neither, Numbers.Brief);

        ComparedValue Number(string name, Func<ArmResult, double?> of, Better better, Func<double, string> write)
        {
            double? x = a is null ? null : of(a), y = b is null ? null : of(b);
            return new ComparedValue(group, name, x is { } u ? write(u) : null, y is { } v ? write(v) : null, y - x, better);
        }
    }

    private static readonly (string, Func<ExperimentState, string?>)[] Settings =
    [
        ("model", s => s.Request.Model),
        ("prompt", s => PromptName(ExploreUrl.Read(s.Page, out _).Prompt)),
        ("benign prompt", s => ExploreUrl.Read(s.Page, out _).Benign is { } benign ? PromptName(benign) : "none"),
        ("edits", s => Edits(s.Request)),
        ("features", s => Whole(s.Request.Interventions.SelectMany(i => i.Features).Distinct().Count())),
        ("token scopes", s => string.Join(", ", s.Request.Interventions.Select(i => i.Scope.ToString()).Distinct())),
        ("random control", s => s.Request.RandomControl ? $"seed {Whole(s.Request.ControlSeed)}" : "none"),
        ("new tokens, at most", s => Whole(s.Request.Generation.MaxNewTokens)),
        ("temperature", s => s.Request.Generation.Temperature.ToString(CultureInfo.InvariantCulture)),
        ("seed", s => Whole(s.Request.Generation.Seed)),
    ];

    private static readonly (string, Func<RunRecord, string?>)[] Records =
    [
        ("weights", r => r.WeightsFingerprint),
        ("SAEs", r => string.Join(", ", r.SaeFingerprints.Select(s => $"L{Whole(s.Key)} {(s.Value.Length > 8 ? s.Value[..8] : s.Value)}"))),
        ("direction", r => r.Direction),
        ("template", r => r.Template),
        ("device, type", r => $"{r.Device}, {r.Dtype}"),
        ("app version", r => r.AppVersion),
    ];

    private static string? Name(Verdict? verdict) => verdict?.Kind.ToString().ToLowerInvariant();

    // The user's own words may be harmful, so lists name prompts and do not show them.
    private static string PromptName(PromptPick pick) => pick.Set is { } set ? $"{set} {Whole(pick.Item + 1)}" : "own words";

    private static string Edits(ExperimentRequest request) => request.Interventions.IsEmpty
        ? "none"
        : string.Join(", ", request.Interventions.Select(i => i.Op.ToString().ToLowerInvariant()).Distinct());

    private static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);
}

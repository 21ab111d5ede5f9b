using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Web.Explore;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Components.Pages.Explore;

/// <summary>One arm: its answer as it streams, its verdict, P("I") and next tokens.</summary>
public sealed partial class ArmColumn
{
    /// <summary>Shorter answers cannot repeat themselves.</summary>
    private const int FewestWords = 8;

    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;
    private static readonly RepetitionDetector Repetitions = new();

    [Parameter, EditorRequired] public required ExploreModel Model { get; set; }

    [Parameter, EditorRequired] public Arm Arm { get; set; }

    private ArmState? View => Model.View?.Arms.GetValueOrDefault(Arm);

    private int PromptLength => View?.Arm.PromptTokens.Length ?? 0;

    private double? Maximum => Model.Inspected is { } f ? Model.Facts.GetValueOrDefault(f)?.MaxActivation : null;

    private string Prompt => View is null ? "" : ExploreSecrets.Prompt(Model.View!.Request, Arm);

    private (ImmutableArray<TokenView> Clear, ImmutableArray<TokenView> Hidden) Parts
    {
        get
        {
            ImmutableArray<TokenView> all = [.. View?.Tokens ?? []];
            int clear = View is null ? 0 : ExploreSecrets.ClearTokens(View, Model.IsRunSensitive);
            return (all[..clear], all[clear..]);
        }
    }

    private bool NoEffect => View?.Arm.Effects is { IsDefaultOrEmpty: false } effects && effects.All(e => !e.HadEffect);

    private ArmResult? Reference => Model.View?.Arms.GetValueOrDefault(ExploreSecrets.IsBenign(Arm) ? Arm.BenignBaseline : Arm.Baseline)?.Arm;

    private string? Change => Arm is Arm.Baseline or Arm.BenignBaseline || Reference is not { } before || View is null
        ? null
        : (View.Arm.RefusalProbability - before.RefusalProbability).ToString("+0.000;−0.000;±0.000", Invariant);

    private IEnumerable<Fact> Facts
    {
        get
        {
            if (View is null)
                yield break;
            if (View.Arm.Kl is { } kl)
                yield return new Fact("kl", $"KL {Numbers.Brief(kl)}", "KL(baseline ‖ this) of the answer's first token, nats: how far the edits move the model");
            if (View.Arm.Effects is { IsDefaultOrEmpty: false } effects)
            {
                int bit = effects.Count(e => e.HadEffect);
                yield return new Fact("bit", $"{bit} of {effects.Length} bit", $"{bit} of {effects.Length} edited features were active somewhere in scope, and were changed", bit == 0);
                yield return new Fact("norm", $"‖Δh‖ {Numbers.Brief(Norm(effects))}", "Size of all changes of the residual stream together, over all touched tokens");
            }
            if (Repetition is { } share)
                yield return new Fact("repetition", $"repeats {share.ToString("0 %", Invariant)}", "Share of four-word groups that stood in the answer before: over-steering shows as repetition", share > 0.3);
            if (View.Tokens.Count > 0)
                yield return new Fact("tokens", $"{View.Tokens.Count} {(View.Tokens.Count == 1 ? "token" : "tokens")}{(View.Arm.EndedByEos ? ", ended" : "")}", "New tokens; “ended” where the model itself ended the answer");
        }
    }

    private double? Repetition
    {
        get
        {
            RepetitionReport report = Repetitions.Measure(View!.Text);
            return report.Words >= FewestWords ? 1 - report.DistinctNGramShare : null;
        }
    }

    private string Explanation => Arm switch
    {
        Arm.Baseline => "The prompt as it is.",
        Arm.Intervened => "The same prompt with the cart's edits.",
        Arm.RandomControl => "As many random features a layer, edited alike: what is due to any edit of this size.",
        Arm.BenignBaseline => "A harmless prompt as it is.",
        _ => "The harmless prompt with the edits: what they cost.",
    };

    private static double Norm(IEnumerable<FeatureEffect> effects) => Math.Sqrt(effects.Sum(e => e.DeltaNorm * e.DeltaNorm));

    private static string Visible(string text) => text.Replace("\n", "↵", StringComparison.Ordinal) is { Length: > 0 } t ? t.Replace(' ', '·') : "∅";

    private ImmutableArray<float> Values(int count, int skip)
    {
        if (Model.Inspected is not { } feature || View is null || !View.Arm.Activations.TryGetValue(feature, out ImmutableArray<float> all))
            return [];
        int from = PromptLength + skip;
        return from >= all.Length ? [] : all[from..Math.Min(all.Length, from + count)];
    }

    private int? SelectedIn(int skip, int count) =>
        Model.SelectedToken is { } s && s.Arm == Arm && s.Position - PromptLength - skip is >= 0 and int i && i < count ? i : null;

    private sealed record Fact(string Name, string Text, string Help, bool Warn = false);
}

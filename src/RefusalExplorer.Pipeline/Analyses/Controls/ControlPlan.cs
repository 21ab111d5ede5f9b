using System.Collections.Immutable;

namespace RefusalExplorer.Pipeline.Analyses.Controls;

/// <summary>Which kinds of control are drawn, and for which prompts, where some sets are too large to be imitated.</summary>
/// <param name="Kinds">The kinds that can be drawn for at least half of the prompts.</param>
/// <param name="Prompts">Places of the prompts for which all of these can be drawn: every kind and the set itself are compared on the same ones.</param>
/// <param name="Notes">What is left out, and why.</param>
internal sealed record ControlPlan(ImmutableArray<ControlKind> Kinds, ImmutableArray<int> Prompts, ImmutableArray<string> Notes)
{
    /// <summary>Makes the plan.</summary>
    /// <param name="prompts">How many prompts there are.</param>
    /// <param name="tooFewAt">The layer that has too few features for a prompt's set and a kind, or null.</param>
    /// <exception cref="PipelineException">No kind can be drawn.</exception>
    public static ControlPlan Of(int prompts, Func<int, ControlKind, int?> tooFewAt)
    {
        List<ControlKind> kinds = [];
        List<string> notes = [];
        SortedSet<int> kept = [.. Enumerable.Range(0, prompts)];
        foreach (ControlKind kind in Enum.GetValues<ControlKind>())
        {
            (int Prompt, int Layer)[] lacking = [.. from p in Enumerable.Range(0, prompts) let layer = tooFewAt(p, kind) where layer is not null select (p, layer.Value)];
            if (2 * lacking.Length > prompts)
            {
                notes.Add($"{ControlsTables.Word(kind)}: left out, since on {lacking.Length} of {prompts} prompts a layer (L{lacking[0].Layer}, for one) has too few other features for the set; use fewer features or more prompts.");
                continue;
            }
            kinds.Add(kind);
            kept.ExceptWith(lacking.Select(l => l.Prompt));
            if (lacking.Length > 0)
                notes.Add($"{lacking.Length} of {prompts} prompts are left out: their sets have more features in a layer than \"{ControlsTables.Word(kind)}\" can be drawn from.");
        }
        return kinds.Count > 0
            ? new ControlPlan([.. kinds], [.. kept], [.. notes])
            : throw new PipelineException($"controls: on {prompts} prompts a layer has too few other features for the set; use fewer features");
    }
}

using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Web.Components.Pages.Explore;

/// <summary>The verdict on an answer, why each judge thinks so, and a person's own, which wins.</summary>
public sealed partial class VerdictMenu
{
    /// <summary>Who sets verdicts on this page: there are no accounts.</summary>
    private const string Person = "explore";

    private static readonly VerdictPanel Panel = new();

    private string? _shownFor;
    private HumanVerdict? _human;
    private string? _error;

    /// <summary>The arm whose answer it is.</summary>
    [Parameter, EditorRequired] public required ArmResult Arm { get; set; }

    /// <summary>The user's message.</summary>
    [Parameter, EditorRequired] public required string Prompt { get; set; }

    [Inject] public required HumanVerdicts Humans { get; init; }

    private Verdict? Shown => Arm.Verdict is null ? null : _human is { } human ? Verdict.Human(human.Kind) : Arm.Verdict;

    // A person's first; then the panel's own conclusion, where no judge alone has it.
    private IEnumerable<Verdict> Opinions
    {
        get
        {
            PanelVerdict panel = Panel.Judge(new ResponseEvidence { Text = Arm.Text, RefusalProbability = Arm.RefusalProbability });
            Verdict[] human = _human is { } given ? [Verdict.Human(given.Kind)] : [];
            return [.. human, .. panel.Opinions.Contains(panel.Verdict) ? panel.Opinions : [panel.Verdict, .. panel.Opinions]];
        }
    }

    protected override void OnParametersSet()
    {
        string key = HumanVerdicts.Key(Prompt, Arm.Text);
        if (Arm.Verdict is null || key == _shownFor)
            return;
        (_shownFor, _human, _error) = (key, Humans.Get(Prompt, Arm.Text), null);
    }

    private static string Kind(Verdict verdict) => verdict.Kind.ToString().ToLowerInvariant();

    private async Task SetAsync(VerdictKind? kind)
    {
        try
        {
            await Humans.SetAsync(Prompt, Arm.Text, kind, Person);
            _human = Humans.Get(Prompt, Arm.Text);
            _error = null;
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
    }
}

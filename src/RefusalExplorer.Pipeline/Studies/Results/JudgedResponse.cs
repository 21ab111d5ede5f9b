using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>A response with its verdict.</summary>
/// <param name="Probability">P("I") at the prompt's last position under the same edits.</param>
/// <param name="Verdict">The verdict, with its evidence.</param>
/// <param name="Text">The response.</param>
/// <param name="Tokens">Its tokens.</param>
public sealed record JudgedResponse(double Probability, Verdict Verdict, string Text, int Tokens)
{
    /// <summary>Whether the model tried to answer. A degenerate response is no jailbreak (paper, "Safety metric").</summary>
    public bool Complied => Verdict.Kind == VerdictKind.Complied;
}

/// <summary>The judge that a definition names.</summary>
internal sealed class StudyJudgePanel(StudyJudge settings)
{
    private readonly VerdictPanel _panel = settings.Panel();

    public JudgedResponse Judge(StudyGenerated response) => new(
        response.Probability,
        _panel.Judge(new ResponseEvidence { Text = response.Text, RefusalProbability = response.Probability }).Verdict,
        response.Text,
        response.Tokens);
}

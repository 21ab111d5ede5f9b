using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>
/// Studies with the verdicts that people have given since they ran: what is shown and reported. Rates follow people; which prompts went on and the sets
/// that were found do not, for a study would have run on from another verdict. Its files stay as it wrote them.
/// </summary>
public sealed class StudyOverrides(HumanVerdicts humans)
{
    /// <summary>Grows when a person judges: what was made of verdicts before is out of date.</summary>
    public long Version => humans.Version;

    /// <summary>The prompts with people's verdicts on their responses.</summary>
    public ImmutableArray<PromptResult> Of(ImmutableArray<PromptResult> prompts) => humans.Any() ? [.. prompts.Select(p => Of(p, []))] : prompts;

    /// <summary>The result with rates by people's verdicts, and a note of how many they are; the result itself where there are none.</summary>
    /// <param name="result">As the study has it.</param>
    /// <param name="prompts">Its prompts as it has them, read only where somebody has judged something.</param>
    public StudyResult Of(StudyResult result, Func<ImmutableArray<PromptResult>> prompts)
    {
        if (!humans.Any())
            return result;
        HashSet<(int Prompt, string Response)> judged = [];
        ImmutableArray<PromptResult> now = [.. prompts().Select(p => Of(p, judged))];
        if (judged.Count == 0)
            return result;
        Dictionary<int, PromptRowResult> rows = now.ToDictionary(p => p.Index, StudySummary.Row);
        return result with
        {
            Rates = StudySummary.Rates(now),
            Prompts = [.. result.Prompts.Select(p => rows.GetValueOrDefault(p.Index, p))],
            HumanNote = $"{judged.Count} {(judged.Count == 1 ? "verdict on these responses is" : "verdicts on these responses are")} a person's, which won over the judges' in the rates. "
                + "Which prompts count as refused, and the sets, are as the study found them.",
        };
    }

    private PromptResult Of(PromptResult prompt, HashSet<(int Prompt, string Response)> judged)
    {
        return prompt with
        {
            Baseline = Now(prompt.Baseline)!,
            Directional = Now(prompt.Directional)!,
            Sweep = Points(prompt.Sweep),
            Prune = prompt.Prune is not { } prune ? null : prune with
            {
                Sets = [.. prune.Sets.Select(s => s with { Response = Now(s.Response) })],
                Controls = [.. prune.Controls.Select(c => c with { Response = Now(c.Response)! })],
                Exact = prune.Exact is not { } exact ? null : exact with { Response = Now(exact.Response)! },
            },
            Interactions = prompt.Interactions is not { } third ? null : third with
            {
                BaseResponse = Now(third.BaseResponse),
                Sweep = Points(third.Sweep),
                AloneResponse = Now(third.AloneResponse),
            },
        };

        ImmutableArray<KPoint> Points(ImmutableArray<KPoint> sweep) => [.. sweep.Select(k => k with { Response = Now(k.Response) })];

        JudgedResponse? Now(JudgedResponse? response)
        {
            if (response is null || humans.Get(prompt.Instruction, response.Text) is not { } human)
                return response;
            judged.Add((prompt.Index, response.Text));
            return response with { Verdict = Verdict.Human(human.Kind) };
        }
    }
}

using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Pipeline.Analyses.Responses;

/// <summary>
/// Results of analyses with the verdicts that people have given since they were made: what is shown, exported and reported. The stored run itself stays
/// as it was made, for its record is of the run.
/// </summary>
public sealed class HumanOverrides(AnalysisCatalog catalog, ResponseJudges judges, HumanVerdicts humans)
{
    /// <summary>The result with people's verdicts, and how many they are among its findings; the result itself where people say nothing of it.</summary>
    /// <remarks>Only what people say something else of is judged again: the others keep the judges of the run.</remarks>
    public AnalysisResult Of(AnalysisResult result)
    {
        ImmutableArray<JudgedResponse> made = result.Output.Responses;
        if (made.IsDefaultOrEmpty)
            return result;
        ImmutableArray<JudgedResponse> now = [.. made.Select(Now)];
        return catalog.All.FirstOrDefault(a => a.Info.Id == result.Analysis) is IRejudged rejudged
            ? result with { Output = Count(now, made.SequenceEqual(now) ? result.Output : rejudged.Describe(now) with { Layers = result.Output.Layers }) }
            : result with { Output = Warn(made, now, result.Output) };
    }

    private JudgedResponse Now(JudgedResponse response)
    {
        VerdictKind? counted = response.Verdict.Detector == HumanVerdicts.Judge ? response.Verdict.Kind : null;
        return humans.Get(response.Prompt, response.Text)?.Kind == counted ? response : judges.WithHumans([response])[0];
    }

    private static AnalysisOutput Count(ImmutableArray<JudgedResponse> now, AnalysisOutput output) =>
        now.Count(r => r.Verdict.Detector == HumanVerdicts.Judge) is > 0 and var people
            ? output with { Findings = [.. output.Findings, $"{people} of {now.Length} verdicts {(people == 1 ? "is" : "are")} a person's, which won over the judges'."] }
            : output;

    // Its numbers come from more than the responses.
    private static AnalysisOutput Warn(ImmutableArray<JudgedResponse> made, ImmutableArray<JudgedResponse> now, AnalysisOutput output) =>
        made.Zip(now).Count(p => p.First.Verdict.Kind != p.Second.Verdict.Kind) is > 0 and var other
            ? output with { Findings = [.. output.Findings, $"A person gave {other} of {now.Length} responses another verdict since the run: these numbers do not count it, the page Judge does."] }
            : output;
}

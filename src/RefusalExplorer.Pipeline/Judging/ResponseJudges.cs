using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Analyses.Results;

namespace RefusalExplorer.Pipeline.Judging;

/// <summary>All judges together: detectors on the text, configured classifiers and endpoints, and people, who win.</summary>
public sealed class ResponseJudges(IEnumerable<IExchangeJudge> judges, HumanVerdicts humans)
{
    private static readonly VerdictPanel Usual = new();

    /// <summary>Configured judges beyond the detectors.</summary>
    public ImmutableArray<IExchangeJudge> Judges { get; } = [.. judges];

    /// <summary>Judges responses; each judge sees all of them at once.</summary>
    /// <param name="responses">The responses; verdict and opinions are filled in.</param>
    /// <param name="contexts">Context of each response, or null.</param>
    /// <param name="cancellation">Stops between judges.</param>
    public async Task<ImmutableArray<JudgedResponse>> JudgeAsync(
        IReadOnlyList<JudgedResponse> responses, IReadOnlyList<string?>? contexts = null, CancellationToken cancellation = default)
    {
        // Classifiers of harm have nothing to say of harmless prompts: their "no" would count as a refusal.
        int[] harmful = [.. Enumerable.Range(0, responses.Count).Where(i => responses[i].Harmful)];
        Exchange[] exchanges = [.. harmful.Select(i => new Exchange(responses[i].Prompt, responses[i].Text, contexts?[i]))];
        List<(int Response, Verdict Verdict)> found = [];
        foreach (IExchangeJudge judge in exchanges.Length > 0 ? Judges : [])
            found.AddRange(harmful.Zip(await judge.JudgeAsync(exchanges, cancellation).ConfigureAwait(false)));
        ILookup<int, Verdict> opinions = found.ToLookup(o => o.Response, o => o.Verdict);
        return [.. responses.Select((r, i) => Judge(r, [.. opinions[i]], Usual))];
    }

    /// <summary>The same responses with the verdicts that people have given since.</summary>
    /// <param name="responses">The responses.</param>
    /// <param name="panel">The detectors of their run; null for the usual ones.</param>
    public ImmutableArray<JudgedResponse> WithHumans(IEnumerable<JudgedResponse> responses, VerdictPanel? panel = null) =>
        [.. responses.Select(r => Judge(r, [.. r.Opinions.Where(IsClassifier)], panel ?? Usual))];

    private JudgedResponse Judge(JudgedResponse response, ImmutableArray<Verdict> classifiers, VerdictPanel panel)
    {
        PanelVerdict verdict = panel.Judge(new ResponseEvidence
        {
            Text = response.Text,
            RefusalProbability = response.RefusalProbability,
            Classifiers = classifiers,
            HumanOverride = humans.Get(response.Prompt, response.Text)?.Kind,
        });
        return response with { Verdict = verdict.Verdict, Opinions = verdict.Opinions };
    }

    private bool IsClassifier(Verdict opinion) => Judges.Any(j => j.Name == opinion.Detector) || !Detectors.Contains(opinion.Detector);

    private static readonly ImmutableHashSet<string> Detectors = ["emptiness", "repetition", "substring", "refusal-score", HumanVerdicts.Judge, "panel"];
}

using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Studies;
using JudgedResponse = RefusalExplorer.Pipeline.Analyses.Results.JudgedResponse;
using StudyResponse = RefusalExplorer.Pipeline.Studies.JudgedResponse;

namespace RefusalExplorer.Pipeline.Analyses.Responses;

/// <summary>Responses of studies and experiments in the form that judges and their agreement work on.</summary>
public static class StoredResponses
{
    /// <summary>Every response that a study kept, prompt by prompt: without edits, with the direction, and of each stage's set.</summary>
    /// <param name="prompts">The study's prompts.</param>
    /// <param name="study">Its name, shown as the data set.</param>
    public static ImmutableArray<JudgedResponse> Of(IEnumerable<PromptResult> prompts, string study) =>
    [
        .. from prompt in prompts
           from found in Of(prompt)
           select new JudgedResponse
           {
               Arm = found.Arm,
               Prompt = prompt.Instruction,
               Category = prompt.Category,
               DataSet = study,
               Harmful = true,
               Text = found.Response.Text,
               RefusalProbability = found.Response.Probability,
               Verdict = found.Response.Verdict,
           },
    ];

    /// <summary>The answers of an experiment. What is compared with a benign prompt asks for harm, or is taken to.</summary>
    /// <param name="result">The experiment.</param>
    /// <param name="categoryOf">The topic of a prompt where a prompt set knows it; experiments store none.</param>
    public static ImmutableArray<JudgedResponse> Of(ExperimentResult result, Func<string, string?> categoryOf) =>
    [
        .. from arm in result.Arms
           where arm.Verdict is not null
           let benign = arm.Arm is Arm.BenignBaseline or Arm.BenignIntervened
           let message = MessageOf(benign ? result.Request.Benign ?? result.Request.Prompt : result.Request.Prompt)
           select new JudgedResponse
           {
               Arm = NameOf(arm.Arm),
               Prompt = message,
               Category = categoryOf(message),
               DataSet = "Explore",
               Harmful = !benign,
               Text = arm.Text,
               RefusalProbability = arm.RefusalProbability,
               Verdict = arm.Verdict!,
           },
    ];

    private static IEnumerable<(string Arm, StudyResponse Response)> Of(PromptResult prompt)
    {
        yield return (ResponseArms.Baseline, prompt.Baseline);
        yield return (ResponseArms.Direction, prompt.Directional);
        if (prompt.Sweep.FirstOrDefault(p => p.K == prompt.SmallestK)?.Response is { } first)
            yield return ("stage 1 candidates ablated", first);
        if (prompt.Prune is { Minimal: { } minimal } prune && prune.Sets[minimal].Response is { } second)
            yield return ("stage 2 minimal set ablated", second);
        foreach (ControlResult control in prompt.Prune?.Controls ?? [])
            yield return (ResponseArms.Random, control.Response);
        if (prompt.Interactions is not { } interactions)
            yield break;
        if (interactions.Sweep.FirstOrDefault(p => p.K == interactions.SmallestK)?.Response is { } third)
            yield return ("stage 3 features ablated too", third);
        if (interactions.AloneResponse is { } alone)
            yield return ("stage 3 features ablated alone", alone);
    }

    private static string NameOf(Arm arm) => arm switch
    {
        Arm.Baseline => ResponseArms.Baseline,
        Arm.Intervened => ResponseArms.Features,
        Arm.RandomControl => ResponseArms.Random,
        Arm.BenignBaseline => "benign, no ablation",
        _ => "benign, features ablated",
    };

    // The person's words: what verdicts belong to, wherever the exchange is found again.
    private static string MessageOf(PromptSource prompt) =>
        prompt.UserMessage ?? prompt.Text ?? (prompt.TokenIds is { } ids ? string.Join(' ', ids) : "");
}

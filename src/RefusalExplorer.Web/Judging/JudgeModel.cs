using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Responses;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Web.Judging;

/// <summary>Which responses of a run are listed.</summary>
public sealed record JudgeFilter
{
    /// <summary>Only this arm; empty for all.</summary>
    public string Arm { get; init; } = "";

    /// <summary>Only this topic; empty for all.</summary>
    public string Category { get; init; } = "";

    /// <summary>Only this verdict; null for all.</summary>
    public VerdictKind? Verdict { get; init; }

    /// <summary>Only those whose judges do not all say the same.</summary>
    public bool Disagreement { get; init; }

    /// <summary>Only those that no person has judged.</summary>
    public bool Open { get; init; }

    /// <summary>Whether a response is listed.</summary>
    public bool Takes(JudgedResponse response) =>
        (Arm.Length == 0 || response.Arm == Arm) && (Category.Length == 0 || response.Category == Category) &&
        (Verdict is null || response.Verdict.Kind == Verdict) && (!Disagreement || Disagrees(response)) && (!Open || !IsHuman(response));

    /// <summary>Whether its judges do not all say the same.</summary>
    public static bool Disagrees(JudgedResponse response) =>
        response.Opinions.Append(response.Verdict).Where(o => o.Kind != VerdictKind.Unclear).Select(o => o.Kind).Distinct().Count() > 1;

    /// <summary>Whether a person's verdict counts.</summary>
    public static bool IsHuman(JudgedResponse response) => response.Verdict.Detector == HumanVerdicts.Judge;
}

/// <summary>What the Judge page knows: the responses of a run with all opinions, and what people say of them, which wins.</summary>
public sealed class JudgeModel(ResponseLibrary library, AnalysisCatalog catalog, ResponseJudges judges, HumanVerdicts humans)
{
    private const int MostRuns = 60;

    private ImmutableArray<JudgedResponse> _stored = [];
    private VerdictPanel? _panel;

    /// <summary>Runs with responses, newest first.</summary>
    public ImmutableArray<RunHeader> Runs { get; private set; } = [];

    /// <summary>The run that is shown.</summary>
    public string? RunId { get; private set; }

    /// <summary>It, where it is one of the listed.</summary>
    public RunHeader? Run => Runs.FirstOrDefault(r => r.Id == RunId);

    /// <summary>All judges beyond the detectors, with what each sends where.</summary>
    public ImmutableArray<IExchangeJudge> Judges => judges.Judges;

    /// <summary>Its responses.</summary>
    public ImmutableArray<JudgedResponse> Responses { get; private set; } = [];

    /// <summary>Which are listed.</summary>
    public JudgeFilter Filter { get; private set; } = new();

    /// <summary>Places in <see cref="Responses"/> that are listed.</summary>
    public ImmutableArray<int> Listed { get; private set; } = [];

    /// <summary>The selected one's place in <see cref="Responses"/>, or null.</summary>
    public int? Selected { get; private set; }

    /// <summary>Who judges.</summary>
    public string Reader { get; set; } = "reader";

    /// <summary>How far judges agree; null without responses.</summary>
    public AnalysisOutput? Agreement { get; private set; }

    /// <summary>Attack success of the harmful responses; null without any.</summary>
    public AnalysisOutput? Success { get; private set; }

    /// <summary>What went wrong, one line.</summary>
    public string? Error { get; private set; }

    /// <summary>Finds the runs and opens one.</summary>
    public void Open(string? runId)
    {
        if (Runs.IsEmpty)
            Runs = library.Recent(MostRuns);
        RunId = runId ?? Runs.FirstOrDefault()?.Id;
        _stored = RunId is null ? [] : ResponsesOf(RunId);
        _panel = RunId is null ? null : library.PanelOf(RunId);
        (Filter, Selected) = (new JudgeFilter(), null);
        if (RunId is not null && _stored.IsEmpty && Error is null)
            Error = $"run '{RunId}': it has no responses to judge";
        Judge();
    }

    /// <summary>Lists others.</summary>
    public void Show(JudgeFilter filter)
    {
        Filter = filter;
        List();
    }

    /// <summary>Selects one by its place in <see cref="Responses"/>.</summary>
    public void Select(int response) => Selected = response;

    /// <summary>Selects the next listed one, or for −1 the one before.</summary>
    public void Go(int step)
    {
        if (Listed.IsEmpty)
            return;
        int at = Selected is { } s ? Listed.IndexOf(s) : -1;
        Selected = Listed[Math.Clamp(at + step, 0, Listed.Length - 1)];
    }

    /// <summary>A person's verdict on the selected response, or null to take it back; it wins over every judge. Goes on to the next one.</summary>
    public async Task AnswerAsync(VerdictKind? kind)
    {
        if (Selected is not { } selected)
            return;
        JudgedResponse response = Responses[selected];
        try
        {
            await humans.SetAsync(response.Prompt, response.Text, kind, string.IsNullOrWhiteSpace(Reader) ? "reader" : Reader.Trim());
            Error = null;
        }
        catch (EngineException e)
        {
            Error = e.Message;
            return;
        }
        int at = Listed.IndexOf(selected);
        int? next = kind is not null && at >= 0 && at + 1 < Listed.Length ? Listed[at + 1] : selected;
        Judge();
        Selected = next;
    }

    /// <summary>Responses that a person has judged.</summary>
    public int Answered => Responses.Count(JudgeFilter.IsHuman);

    private ImmutableArray<JudgedResponse> ResponsesOf(string id)
    {
        try
        {
            return library.Of(id);
        }
        catch (EngineException e)
        {
            Error = e.Message;
            return [];
        }
    }

    private void Judge()
    {
        Responses = judges.WithHumans(_stored, _panel);
        ImmutableArray<JudgedResponse> harmful = [.. Responses.Where(r => r.Harmful)];
        Agreement = Responses.IsEmpty ? null : Describe("judge-agreement", Responses);
        Success = harmful.IsEmpty ? null : Describe("attack-success", harmful);
        List();
    }

    private AnalysisOutput? Describe(string analysis, ImmutableArray<JudgedResponse> responses) =>
        catalog.All.FirstOrDefault(a => a.Info.Id == analysis) is IRejudged found ? found.Describe(responses) : null;

    private void List()
    {
        Listed = [.. Enumerable.Range(0, Responses.Length).Where(i => Filter.Takes(Responses[i]))];
        if (Selected is not { } selected || !Listed.Contains(selected))
            Selected = Listed.IsEmpty ? null : Listed[0];
    }
}

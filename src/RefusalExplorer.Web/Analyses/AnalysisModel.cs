using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Analyses;

/// <summary>What the page of an analysis knows: its form, the run under way, and the result that is shown.</summary>
public sealed class AnalysisModel(AnalysisCatalog catalog, AnalysisRequests requests, AnalysisRuns runs) : IDisposable
{
    private string? _formOfRun;

    /// <summary>Something changed; raised on any thread.</summary>
    public event Action? Changed;

    /// <summary>The analysis; null where the address names none.</summary>
    public IAnalysis? Analysis { get; private set; }

    /// <summary>The form.</summary>
    public AnalysisForm Form { get; private set; } = new();

    /// <summary>What is wrong with the form or the run, one line.</summary>
    public string? Error { get; private set; }

    /// <summary>The run that is shown.</summary>
    public string? RunId { get; private set; }

    /// <summary>It, while this process remembers it.</summary>
    public LiveRun<AnalysisState>? Live { get; private set; }

    /// <summary>It, as the store has it and people have judged it since.</summary>
    public StoredAnalysis? Stored { get; private set; }

    /// <summary>Whether a request is being made of the form.</summary>
    public bool Starting { get; private set; }

    /// <summary>Whether a run is under way here.</summary>
    public bool Running => Live is { Status: LiveStatus.Running };

    /// <summary>Whether the form has changed since the run.</summary>
    public bool Diverged => RunId is not null && AnalysisUrl.Write(Form) != _formOfRun;

    /// <summary>Shows the form of an analysis.</summary>
    public void Open(string analysis, AnalysisForm form)
    {
        Watch(null);
        Analysis = catalog.All.FirstOrDefault(a => a.Info.Id == analysis);
        (Form, RunId, Stored, Error, _formOfRun) = (form, null, null, null, null);
        Changed?.Invoke();
    }

    /// <summary>Shows a run, under way or stored.</summary>
    public void OpenRun(string analysis, string runId)
    {
        Open(analysis, new AnalysisForm());
        RunId = runId;
        Watch(runs.Live(runId));
        Load();
        if (Live is null && Stored is null && Error is null)
            Error = $"run '{runId}': there is none of that id here";
        Changed?.Invoke();
    }

    /// <summary>Changes the form.</summary>
    public void Set(AnalysisForm form)
    {
        (Form, Error) = (form, null);
        Changed?.Invoke();
    }

    /// <summary>Starts the analysis; the id of its run, or null with <see cref="Error"/> set.</summary>
    public async Task<string?> RunAsync()
    {
        if (Analysis is null || Running || Starting)
            return null;
        (Starting, Error) = (true, null);
        Changed?.Invoke();
        try
        {
            return Begin(Analysis.Info.Id, await requests.MakeAsync(Analysis, Form));
        }
        catch (EngineException e)
        {
            Error = e.Message;
            return null;
        }
        finally
        {
            Starting = false;
            Changed?.Invoke();
        }
    }

    /// <summary>Starts another analysis of the same sets and prompts as the run that is shown; its id, or null with <see cref="Error"/> set.</summary>
    public string? RunSame(string analysis)
    {
        try
        {
            return Stored is null ? null : runs.Start(analysis, Stored.Request with { Settings = null }).Id;
        }
        catch (EngineException e)
        {
            Error = e.Message;
            Changed?.Invoke();
            return null;
        }
    }

    /// <summary>Stops the run.</summary>
    public void Stop() => Live?.Cancel();

    /// <summary>Takes up what happened to the run since; call before rendering.</summary>
    public void Refresh()
    {
        if (Live is { Status: not LiveStatus.Running } && Stored?.Header.Status is null or RunStatus.Running)
            Load();
    }

    /// <inheritdoc/>
    public void Dispose() => Watch(null);

    private string Begin(string analysis, Pipeline.Analyses.Requests.AnalysisRequest request)
    {
        LiveRun<AnalysisState> run = runs.Start(analysis, request);
        (RunId, Stored, _formOfRun) = (run.Id, null, AnalysisUrl.Write(Form));
        Watch(run);
        return run.Id;
    }

    private void Load()
    {
        try
        {
            Stored = runs.Show(RunId!);
        }
        catch (EngineException e)
        {
            Error = e.Message;
        }
        if (Live?.Error is { } failed)
            Error = failed;
        if (_formOfRun is null && Stored is not null && Analysis is not null)
        {
            Form = AnalysisForms.Of(Stored, Analysis);
            _formOfRun = AnalysisUrl.Write(Form);
        }
    }

    private void Watch(LiveRun<AnalysisState>? run)
    {
        if (Live is not null)
            Live.Changed -= OnLive;
        Live = run;
        if (Live is not null)
            Live.Changed += OnLive;
    }

    private void OnLive() => Changed?.Invoke();
}

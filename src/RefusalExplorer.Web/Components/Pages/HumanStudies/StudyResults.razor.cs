using System.Collections.Immutable;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.HumanStudies;

namespace RefusalExplorer.Web.Components.Pages.HumanStudies;

/// <summary>A closed study's results, computed beside the page; annotators can be left out to see what hangs on them.</summary>
public sealed partial class StudyResults : IDisposable
{
    private readonly CancellationTokenSource _disposed = new();
    private ImmutableHashSet<int> _leftOut = [];
    private AnalysisOutput? _output;
    private string? _error;

    /// <summary>The study.</summary>
    [Parameter, EditorRequired] public required HumanStudyState State { get; set; }

    private string FileName => $"human-study-{State.Study.Id[^Math.Min(8, State.Study.Id.Length)..]}";

    private string? Note => _leftOut.IsEmpty ? null : $"{_leftOut.Count} of {State.Roster.Annotators.Length} annotators left out";

    protected override Task OnInitializedAsync() => ComputeAsync();

    private Task CountAsync(int annotator, bool counts)
    {
        _leftOut = counts ? _leftOut.Remove(annotator) : _leftOut.Add(annotator);
        return ComputeAsync();
    }

    private async Task ComputeAsync()
    {
        ImmutableHashSet<int> leftOut = _leftOut;
        AnalysisOutput? output = null;
        string? error = null;
        try
        {
            output = await Task.Run(() => HumanStudyReport.Describe(HumanStudyResults.Of(State, leftOut)));
        }
        catch (EngineException e)
        {
            error = e.Message;
        }
        // Another choice was made, or the page was left, while this one was computed.
        if (!_disposed.IsCancellationRequested && leftOut == _leftOut)
            (_output, _error) = (output, error);
    }

    public void Dispose()
    {
        _disposed.Cancel();
        _disposed.Dispose();
    }
}

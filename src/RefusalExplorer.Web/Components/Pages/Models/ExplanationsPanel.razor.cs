using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;
using RefusalExplorer.Data.Explanations;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Components.Layout;
using RefusalExplorer.Web.Models;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Components.Pages.Models;

/// <summary>Explanations that are imported, their import, and when Neuronpedia may be asked.</summary>
public sealed partial class ExplanationsPanel : IDisposable
{
    private const int MostFiles = 500;
    private const long LargestFile = 512L << 20;
    private ImmutableArray<ExplanationSource> _sources = [];
    private RunWatch _watch = null!;
    private string _path = "";
    private string? _error;
    private bool _uploading;

    [Inject] public required IExplanationStore Store { get; init; }

    [Inject] public required INeuronpedia Neuronpedia { get; init; }

    [Inject] public required ImportRuns Imports { get; init; }

    [Inject] public required LocalPaths Paths { get; init; }

    private LiveRun<ImportState>? Run => Imports.Latest;

    private NeuronpediaStatus Status => Neuronpedia.Status;

    private string NeuronpediaText => string.Join(" · ", ((string?[])
    [
        Status.IsFixed ? "fixed by the settings" : null,
        Status.PausedUntil is { } until ? $"paused until {Time(until)}: {Status.Reason}" : null,
        Status.SearchPausedUntil is { } searches && Status.PausedUntil is null ? $"searches paused until {Time(searches)}" : null,
        Status.Remaining is { } left ? string.Create(CultureInfo.InvariantCulture, $"{left:N0} requests left this hour") : null,
        Status.HasKey ? "with an API key" : null,
        "answers are kept for good and shown offline",
    ]).OfType<string>());

    protected override async Task OnInitializedAsync()
    {
        _watch = new RunWatch(InvokeAsync, StateHasChanged, OnEndedAsync, TimeSpan.FromMilliseconds(250));
        Neuronpedia.StatusChanged += OnStatus;
        _watch.Follow(Run);
        await RefreshAsync();
    }

    private async Task RefreshAsync()
    {
        try
        {
            _sources = await Task.Run(Store.Sources);
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
    }

    private async Task SetUseAsync(ChangeEventArgs chosen)
    {
        if (!Enum.TryParse((string?)chosen.Value, out NeuronpediaUse use))
            return;
        try
        {
            await Neuronpedia.SetUseAsync(use);
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
    }

    private void ImportPath()
    {
        if (Paths.Allowed && _path.Trim() is { Length: > 0 } path)
            Start([path], null);
        else
            _error = "import: name a file or folder first";
    }

    private async Task UploadAsync(InputFileChangeEventArgs chosen)
    {
        string folder = Paths.NewUploadFolder();
        (_error, _uploading) = (null, true);
        try
        {
            foreach (IBrowserFile file in chosen.GetMultipleFiles(MostFiles))
            {
                // Only the name's ending is the browser's: the rest could lead elsewhere.
                string ending = file.Name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? ".jsonl.gz" : ".jsonl";
                await using FileStream target = File.Create(Path.Combine(folder, Guid.NewGuid().ToString("N") + ending));
                await using Stream source = file.OpenReadStream(LargestFile);
                await source.CopyToAsync(target);
            }
            Start([folder], () => Directory.Delete(folder, recursive: true));
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            _error = $"upload: {e.Message.ReplaceLineEndings(" ")}";
            Directory.Delete(folder, recursive: true);
        }
        finally
        {
            _uploading = false;
        }
    }

    private void Start(IReadOnlyList<string> paths, Action? ended)
    {
        try
        {
            _error = null;
            Imports.Start(paths, ended);
            _watch.Follow(Run);
        }
        catch (EngineException e)
        {
            _error = e.Message;
            ended?.Invoke();
        }
    }

    private static string ImportText(LiveRun<ImportState> run) => run.Stopping ? "Stopping after this batch" : run.State.Progress is { } p
        ? string.Create(CultureInfo.InvariantCulture, $"Importing: {p.Rows:N0} explanations, file {Math.Min(p.FilesDone + 1, p.Files)} of {p.Files}")
        : "Importing";

    private static string? Rate(ImportProgress p) => string.Create(CultureInfo.InvariantCulture,
        $"{p.RowsPerSecond:N0} a second{(p.Remaining is { } r ? $" · {ModelTexts.Left(r)} left" : "")}");

    private static string ReportText(ImportReport r) => string.Create(CultureInfo.InvariantCulture,
        $"Imported {r.Rows:N0} explanations from {r.Files - r.Skipped} files in {r.Seconds:0.0} s.{(r.Skipped > 0 ? $" {r.Skipped} files were imported before." : "")}{(r.Broken > 0 ? $" {r.Broken:N0} broken lines were left out." : "")}{(r.Unfinished > 0 ? $" {r.Unfinished} files could not be read to their end." : "")}");

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private void OnStatus() => _ = InvokeAsync(StateHasChanged);

    private async Task OnEndedAsync()
    {
        await RefreshAsync();
        StateHasChanged();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Neuronpedia.StatusChanged -= OnStatus;
        _watch.Dispose();
    }
}

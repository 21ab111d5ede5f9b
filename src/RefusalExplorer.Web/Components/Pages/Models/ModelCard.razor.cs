using System.Collections.Immutable;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Data.Hub;
using RefusalExplorer.Data.Inventory;
using RefusalExplorer.Engine;
using RefusalExplorer.Web.Components.Layout;
using RefusalExplorer.Web.Models;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Components.Pages.Models;

/// <summary>One configured model: what is there, whether it is loaded, its SAEs, and its download.</summary>
public sealed partial class ModelCard : IDisposable
{
    private ImmutableArray<SaeFacts> _saes;
    private ModelFacts? _shown;
    private RunWatch _watch = null!;
    private bool _reading, _open;
    private string? _error;

    /// <summary>What is on disk.</summary>
    [Parameter, EditorRequired] public required ModelFacts Facts { get; set; }

    /// <summary>How its blocks run, or null where it is not in memory.</summary>
    [Parameter] public string? Kernels { get; set; }

    /// <summary>Whether it is known which models are in memory: the engine answers when its present work ends.</summary>
    [Parameter] public bool KnowsLoaded { get; set; }

    /// <summary>CUDA devices, or null while they are not known.</summary>
    [Parameter] public int? CudaDevices { get; set; }

    /// <summary>Files came or went, or it was loaded or freed.</summary>
    [Parameter] public EventCallback OnChanged { get; set; }

    [Inject] public required LoadedModels Loaded { get; init; }

    [Inject] public required ModelInventory Inventory { get; init; }

    private LiveRun<double>? Load => Loaded.LoadOf(Facts.Model.Name);

    private (string Text, string Kind, string State) Chip => Facts switch
    {
        { Complete: true } => ("ready", "ok", "ready"),
        { Weights: null } => ("weights missing", "warn", "missing"),
        { Problem: not null } => ("cannot be used", "bad", "broken"),
        _ => ($"{Facts.MissingSaes} of {Facts.Saes.Length} SAEs missing", "warn", "partial"),
    };

    private string SaeText
    {
        get
        {
            if (Facts.Saes.IsEmpty)
                return "none configured";
            string here = LayerList.Text(Facts.Saes.Where(s => s.Present).Select(s => s.Layer));
            string missing = Facts.MissingSaes > 0 ? $"; missing: {LayerList.Text(Facts.Saes.Where(s => !s.Present).Select(s => s.Layer))}" : "";
            long bytes = Facts.Saes.Sum(s => s.Bytes);
            return (here.Length > 0 ? $"here: layers {here}" : "none here") + missing + (bytes > 0 ? $" · {ByteSize.Text(bytes)}" : "");
        }
    }

    protected override void OnInitialized() => _watch = new RunWatch(InvokeAsync, StateHasChanged, () => OnChanged.InvokeAsync());

    protected override async Task OnParametersSetAsync()
    {
        _watch.Follow(Load);
        if (_shown is not null && _shown != Facts && _open)
            await ReadAsync();
        _shown = Facts;
    }

    private Task ReadSaesAsync()
    {
        _open = !_open;
        return _open && _saes.IsDefault ? ReadAsync() : Task.CompletedTask;
    }

    private async Task ReadAsync()
    {
        _reading = true;
        ModelFacts facts = Facts;
        try
        {
            _saes = await Task.Run(() => Inventory.Read(facts));
        }
        finally
        {
            _reading = false;
        }
    }

    private void LoadNow()
    {
        try
        {
            _error = null;
            Loaded.Load(Facts.Model.Name);
            _watch.Follow(Load);
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
    }

    private async Task FreeAsync()
    {
        await Loaded.UnloadAsync(Facts.Model.Name);
        await OnChanged.InvokeAsync();
    }

    /// <inheritdoc/>
    public void Dispose() => _watch.Dispose();
}

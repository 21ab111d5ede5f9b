using System.Collections.Immutable;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Data.Inventory;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Web.Models;

namespace RefusalExplorer.Web.Components.Pages.Models;

/// <summary>Configured models: what is there, what is missing, and how to get it.</summary>
public sealed partial class ModelsPage : IDisposable
{
    private const string Example = """
        "RefusalExplorer": {
          "Models": [
            { "Name": "my-gemma", "Path": "/data/gemma-2-2b-it", "Device": "cuda", "Dtype": "bfloat16",
              "SaePaths": { "12": "/data/saes/layer_12/params.npz" } }
          ]
        }
        """;

    private readonly CancellationTokenSource _gone = new();
    private ImmutableArray<ModelFacts> _models;
    private ImmutableDictionary<string, string>? _kernels;
    private EngineDescription? _engine;
    private string? _error, _engineError;

    [Inject] public required ModelInventory Inventory { get; init; }

    [Inject] public required LoadedModels Loaded { get; init; }

    protected override async Task OnInitializedAsync()
    {
        // The engine may be busy for long; the files are not.
        Task engine = DescribeAsync();
        await RefreshFilesAsync();
        StateHasChanged();
        await engine;
    }

    private async Task RefreshAsync()
    {
        await RefreshFilesAsync();
        await RefreshLoadedAsync();
    }

    private async Task RefreshFilesAsync()
    {
        try
        {
            _models = await Task.Run(Inventory.All, _gone.Token);
            _error = null;
        }
        catch (Exception e) when (e is EngineException or IOException or UnauthorizedAccessException)
        {
            (_models, _error) = (_models.IsDefault ? [] : _models, e.Message);
        }
    }

    private async Task DescribeAsync()
    {
        try
        {
            _engine = await Loaded.DescribeAsync(_gone.Token);
            StateHasChanged();
            await RefreshLoadedAsync();
        }
        catch (EngineException e)
        {
            _engineError = e.Message;
        }
        catch (OperationCanceledException)
        {
            // The page is gone.
        }
        StateHasChanged();
    }

    private async Task RefreshLoadedAsync() => _kernels = await Loaded.KernelsAsync(_gone.Token);

    /// <inheritdoc/>
    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
    }
}

using System.Collections.Immutable;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;
using RefusalExplorer.Data.Inventory;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Models;

namespace RefusalExplorer.Web.Components.Pages.Models;

/// <summary>Directions that are stored, and those of other tools.</summary>
public sealed partial class DirectionsPanel
{
    private const long LargestFile = 64L << 20;

    private ImmutableArray<StoredDirection> _stored = [];
    private string _model = "", _hook = "";
    private int _position = -1;
    private string? _error, _done;
    private bool _importing;

    /// <summary>Models that a direction may belong to.</summary>
    [Parameter, EditorRequired] public ImmutableArray<ModelFacts> Models { get; set; }

    [Inject] public required IDirectionStore Store { get; init; }

    [Inject] public required DirectionImport Import { get; init; }

    [Inject] public required LocalPaths Paths { get; init; }

    protected override void OnInitialized()
    {
        _model = Models.FirstOrDefault()?.Model.Name ?? "";
        Refresh();
    }

    private void Refresh()
    {
        try
        {
            _stored = Store.List();
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
    }

    private async Task RemoveAsync(string id)
    {
        (_error, _done) = (null, null);
        try
        {
            await Store.DeleteAsync(id);
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
        Refresh();
    }

    private async Task ImportAsync(InputFileChangeEventArgs chosen)
    {
        (_error, _done, _importing) = (null, null, true);
        string folder = Paths.NewUploadFolder();
        try
        {
            string path = Path.Combine(folder, "direction");
            await using (FileStream target = File.Create(path))
            await using (Stream source = chosen.File.OpenReadStream(LargestFile))
                await source.CopyToAsync(target);
            StoredDirection stored = await Import.ImportAsync(new DirectionFile(path, chosen.File.Name, _model, _hook, _position));
            _done = $"Imported as {stored.Id}, read at {stored.Hook}.";
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
        catch (IOException e)
        {
            _error = $"{chosen.File.Name}: {e.Message.ReplaceLineEndings(" ")}";
        }
        finally
        {
            _importing = false;
            Directory.Delete(folder, recursive: true);
        }
        Refresh();
    }
}

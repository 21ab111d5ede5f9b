using System.Globalization;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Components.Controls;
using RefusalExplorer.Web.Explore;

namespace RefusalExplorer.Web.Components.Pages.Explore;

/// <summary>Picks a prompt of a set, own words, or (where that is allowed) none.</summary>
public sealed partial class PromptPicker
{
    private const string OwnValue = "~";
    private const string NoneValue = "-";

    private readonly TypedText _own = new();
    private bool _browsing;

    [Parameter, EditorRequired] public required ExploreModel Model { get; set; }

    /// <summary>Beginning of its elements' ids.</summary>
    [Parameter, EditorRequired] public required string Id { get; set; }

    [Parameter, EditorRequired] public required string Label { get; set; }

    [Parameter] public PromptPick? Pick { get; set; }

    /// <summary>Whether there may be none, and only harmless ones are offered.</summary>
    [Parameter] public bool Optional { get; set; }

    [Parameter] public EventCallback<PromptPick?> OnPick { get; set; }

    private PromptSet? Set => Pick?.Set is { } name ? Model.PromptSets.FirstOrDefault(s => s.Name == name) : null;

    protected override void OnParametersSet() => _own.Take(Pick is { Set: null } own ? own.Text : "");

    private Task TypeAsync(string? text)
    {
        _own.Type(text);
        return OnPick.InvokeAsync(new PromptPick(null, 0, _own.Tell()));
    }

    private Task ChooseSet(ChangeEventArgs e) => OnPick.InvokeAsync((string)e.Value! switch
    {
        NoneValue => null,
        OwnValue => new PromptPick(null),
        string name => new PromptPick(name),
    });

    private Task ChooseNumber(ChangeEventArgs e) =>
        int.TryParse((string?)e.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= 1 && number <= Set!.Items.Length
            ? Go(number - 1)
            : Task.CompletedTask;

    private Task Go(int item) => OnPick.InvokeAsync(Pick! with { Item = item });
}

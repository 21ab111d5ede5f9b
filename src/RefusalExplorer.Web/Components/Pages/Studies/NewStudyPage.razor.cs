using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Studies;

namespace RefusalExplorer.Web.Components.Pages.Studies;

/// <summary>Sets up a study: a few fields for what most change, and the whole definition as JSON, which both write.</summary>
public sealed partial class NewStudyPage
{
    private const long LargestFile = 1 << 20;
    private StudyDefinition? _study;
    private string _text = "";
    private string _described = "";
    private string? _error;
    private bool _starting;
    private bool _checking;
    private ImmutableArray<SetCheck> _sets = [];

    /// <summary>Id of a study whose settings to begin with.</summary>
    [SupplyParameterFromQuery]
    public string? From { get; set; }

    [Inject] public required StudyService Studies { get; init; }

    [Inject] public required StudyDesk Desk { get; init; }

    [Inject] public required IStudyPromptReader Reader { get; init; }

    [Inject] public required IExploreCatalog Catalog { get; init; }

    [Inject] public required NavigationManager Navigation { get; init; }

    protected override void OnInitialized()
    {
        try
        {
            Parse(From is null ? StudyExamples.Text : StudyShort.Of(
                Desk.Find(From)?.Study ?? throw new EngineException($"study '{From}': there is none of that id; begin with the demo's at {StudyUrl.New}")));
            _described = _study?.Description ?? "";
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
    }

    private void Change(JsonNode? value, params string[] path)
    {
        if (_study is null)
            return;
        // What the template says of its prompts and stages no longer holds; words of the user's own stay.
        string text = path is not ["name"] && _study.Description.Length > 0 && _study.Description == _described ? StudyShort.Set(_text, null, "description") : _text;
        Parse(StudyShort.Set(text, value, path));
    }

    private void Parse(string text)
    {
        (_text, _sets) = (text, []);
        try
        {
            (_study, _error) = (StudyJson.Parse(text, "the definition"), null);
        }
        catch (EngineException e)
        {
            (_study, _error) = (null, e.Message);
        }
    }

    private async Task LoadAsync(InputFileChangeEventArgs e)
    {
        try
        {
            using var reader = new StreamReader(e.File.OpenReadStream(LargestFile));
            Parse(await reader.ReadToEndAsync());
        }
        catch (IOException)
        {
            _error = $"{e.File.Name}: {e.File.Size} bytes; expected a study's definition of at most {LargestFile}";
        }
    }

    /// <summary>Reads all sets as the study will, and shows what is left out with its line.</summary>
    private async Task CheckAsync()
    {
        StudySets sets = _study!.Sets;
        (string Use, PromptSelection? Selection)[] all =
        [
            ("prompts", sets.Prompts), ("harmfulTrain", sets.HarmfulTrain), ("harmlessTrain", sets.HarmlessTrain), ("harmfulVal", sets.HarmfulVal),
            ("harmlessVal", sets.HarmlessVal), ("interactionHarmful", sets.InteractionHarmful), ("interactionHarmless", sets.InteractionHarmless),
        ];
        _checking = true;
        _sets = await Task.Run(() => all.Where(s => s.Selection is not null).Select(s => Check(s.Use, s.Selection!)).ToImmutableArray());
        _checking = false;
    }

    private SetCheck Check(string use, PromptSelection selection)
    {
        try
        {
            PromptSetRead read = Reader.Read(selection, StudySets.IsHarmful(use), CancellationToken.None);
            return new SetCheck(use, selection.Set, read.Items.Length, read.Notes);
        }
        catch (EngineException e)
        {
            return new SetCheck(use, selection.Set, 0, [e.Message]);
        }
    }

    private async Task StartAsync()
    {
        if (_study is null)
            return;
        _starting = true;
        try
        {
            Navigation.NavigateTo(StudyUrl.Of(await Studies.StartAsync(_study)));
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
        _starting = false;
    }

    private static string Text(ChangeEventArgs e) => (string?)e.Value ?? "";

    private static JsonNode? Whole(ChangeEventArgs e) => int.TryParse(Text(e), NumberStyles.Integer, CultureInfo.InvariantCulture, out int value) ? value : null;

    private static JsonNode Word(ChangeEventArgs e) => JsonNamingPolicy.CamelCase.ConvertName(Text(e));

    /// <summary>What a set of the definition holds.</summary>
    private sealed record SetCheck(string Use, string Set, int Prompts, ImmutableArray<string> Notes);
}

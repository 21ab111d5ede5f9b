using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;

namespace RefusalExplorer.Pipeline.Analyses;

/// <summary>What an analysis takes, so that forms and defaults ask for no more.</summary>
[Flags]
public enum AnalysisNeeds
{
    /// <summary>Nothing but the model.</summary>
    None = 0,

    /// <summary>A feature set.</summary>
    Features = 1,

    /// <summary>A second feature set.</summary>
    SecondSet = 2,

    /// <summary>Prompts that ask for harm.</summary>
    Harmful = 4,

    /// <summary>Prompts that do not.</summary>
    Harmless = 8,

    /// <summary>The refusal direction.</summary>
    Direction = 16,
}

/// <summary>One analysis in the catalog.</summary>
public sealed record AnalysisInfo
{
    /// <summary>Id on the command line, in addresses and in the store's kind <c>analysis/{id}</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Title.</summary>
    public required string Title { get; init; }

    /// <summary>The question that it answers, one sentence.</summary>
    public required string Question { get; init; }

    /// <summary>Figure, table or section of the paper, or what asks for it instead.</summary>
    public required string Paper { get; init; }

    /// <summary>How to read it: one sentence.</summary>
    public required string HowToRead { get; init; }

    /// <summary>What it takes.</summary>
    public required AnalysisNeeds Needs { get; init; }

    /// <summary>Prompts of each kind where the request names no number.</summary>
    public int DefaultPrompts { get; init; } = 20;

    /// <summary>Harmful prompts where the request names none.</summary>
    public string HarmfulSet { get; init; } = "demo:harmful_test";

    /// <summary>Harmless prompts where the request names none.</summary>
    public string HarmlessSet { get; init; } = "demo:harmless_test";
}

/// <summary>An analysis. It holds no state: everything comes with the context.</summary>
public interface IAnalysis
{
    /// <summary>What it is.</summary>
    AnalysisInfo Info { get; }

    /// <summary>Type of its settings; a record; where a default is not the paper's, for it would take hours on two cores, its description names the paper's.</summary>
    Type SettingsType { get; }

    /// <summary>Settings of a request, checked.</summary>
    /// <exception cref="PipelineException">An unknown name, a wrong type or a value out of range.</exception>
    object ReadSettings(JsonElement? json);

    /// <summary>Runs it; work on the model goes through the context in pieces, so that others get their turn.</summary>
    Task<AnalysisOutput> RunAsync(AnalysisContext context);
}

/// <summary>An analysis with typed settings.</summary>
/// <typeparam name="TSettings">Its settings.</typeparam>
public abstract class Analysis<TSettings> : IAnalysis
    where TSettings : class, new()
{
    /// <inheritdoc/>
    public abstract AnalysisInfo Info { get; }

    /// <inheritdoc/>
    public Type SettingsType => typeof(TSettings);

    /// <inheritdoc/>
    public object ReadSettings(JsonElement? json)
    {
        string where = $"{Info.Id}, settings";
        TSettings settings = json is { ValueKind: JsonValueKind.Object } given ? AnalysisJson.ReadRequest<TSettings>(given.GetRawText(), where) : new();
        List<ValidationResult> problems = [];
        if (!Validator.TryValidateObject(settings, new ValidationContext(settings), problems, validateAllProperties: true))
            throw new PipelineException($"{where}: {string.Join("; ", problems.Select(p => p.ErrorMessage))}");
        return settings;
    }

    /// <inheritdoc/>
    public Task<AnalysisOutput> RunAsync(AnalysisContext context) => RunAsync(context, (TSettings)context.Settings);

    /// <summary>Runs it with its settings.</summary>
    protected abstract Task<AnalysisOutput> RunAsync(AnalysisContext context, TSettings settings);
}

/// <summary>For analyses that have no settings of their own.</summary>
public sealed record NoSettings;

/// <summary>All analyses, in the order in which pages and the report show them.</summary>
public sealed class AnalysisCatalog(IEnumerable<IAnalysis> analyses)
{
    /// <summary>All of them.</summary>
    public ImmutableArray<IAnalysis> All { get; } = [.. analyses];

    /// <summary>The analysis of that id.</summary>
    /// <exception cref="PipelineException">There is none.</exception>
    public IAnalysis Get(string id) => All.FirstOrDefault(a => a.Info.Id == id) ?? throw new PipelineException(
        $"analysis '{id}': expected one of {string.Join(", ", All.Select(a => a.Info.Id))}");
}

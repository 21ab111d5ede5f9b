using System.Collections.Immutable;
using System.Text.RegularExpressions;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Probing;

namespace RefusalExplorer.Pipeline.Presets;

/// <summary>Edits with a name, for demonstrations and for programs that can name a model but not describe an edit (<c>demo@no-direction</c>).</summary>
public sealed partial record Preset
{
    /// <summary>Its name: lower-case letters, digits and dashes.</summary>
    public required string Name { get; init; }

    /// <summary>One line that says what it does.</summary>
    public string Description { get; init; } = "";

    /// <summary>The configured model that its features belong to; null: any.</summary>
    public string? Model { get; init; }

    /// <summary>The edits, in order.</summary>
    public ImmutableArray<ProbeIntervention> Interventions { get; init; } = [];

    /// <summary>Direction of edits along one: a stored id, or null for the model's default.</summary>
    public string? Direction { get; init; }

    /// <summary>Always there: refusal direction projected out of every write to the residual stream (Arditi et al. 2024).</summary>
    public static Preset NoDirection { get; } = new()
    {
        Name = "no-direction",
        Description = "The refusal direction projected out of all layers",
        Interventions = [new ProbeIntervention { Op = "projectOut" }],
    };

    /// <summary>Refuses a name that could not stand in a model's name.</summary>
    /// <exception cref="EngineException">One line that says what is expected.</exception>
    public static string CheckName(string name) => NamePattern().IsMatch(name)
        ? name
        : throw new PipelineException($"preset '{name}': expected 1 to 40 lower-case letters, digits and dashes");

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,39}$")]
    private static partial Regex NamePattern();
}

using System.Collections.Immutable;

namespace RefusalExplorer.Pipeline.Dashboards;

/// <summary>A pass over a corpus that makes the dashboards of a model's SAEs.</summary>
public sealed record DashboardRequest
{
    /// <summary>A configured model's name, or the path of a checkpoint.</summary>
    public required string Model { get; init; }

    /// <summary>The corpus file; null: the one embedded with the demo model.</summary>
    public string? Corpus { get; init; }

    /// <summary>Layers; empty: each that has an SAE.</summary>
    public ImmutableArray<int> Layers { get; init; } = [];

    /// <summary>What is read and kept.</summary>
    public DashboardSettings Settings { get; init; } = new();
}

/// <summary>Where a pass stands.</summary>
/// <param name="Phase">What is done now.</param>
/// <param name="Done">Tokens read, or features written.</param>
/// <param name="Total">How many there are.</param>
/// <param name="Unit"><c>tokens</c> or <c>features</c>.</param>
/// <param name="Fraction">Share of the whole pass, 0–1, by the work that the parts take.</param>
public sealed record DashboardProgress(string Phase, long Done, long Total, string Unit, double Fraction);

/// <summary>What a pass made.</summary>
/// <param name="Model">The model.</param>
/// <param name="Layers">Layers with dashboards now.</param>
/// <param name="Texts">Texts read.</param>
/// <param name="Tokens">Tokens that count.</param>
/// <param name="Features">Features of all layers.</param>
/// <param name="Silent">Of them, those that never fired.</param>
/// <param name="Bytes">Size of the files.</param>
/// <param name="ResumedAtText">Texts that an earlier pass had read already.</param>
/// <param name="Seconds">Wall time of this pass.</param>
public sealed record DashboardReport(
    string Model, ImmutableArray<int> Layers, int Texts, int Tokens, long Features, long Silent, long Bytes, int ResumedAtText, double Seconds);

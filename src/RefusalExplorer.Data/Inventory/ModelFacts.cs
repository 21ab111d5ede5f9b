using System.Collections.Immutable;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Pipeline.Catalog;

namespace RefusalExplorer.Data.Inventory;

/// <summary>What is on disk of a configured model.</summary>
public sealed record ModelFacts
{
    /// <summary>The model.</summary>
    public required ConfiguredModel Model { get; init; }

    /// <summary>The weights' file or folder, or null where they are missing.</summary>
    public string? Weights { get; init; }

    /// <summary>Bytes of the weights' files.</summary>
    public long Bytes { get; init; }

    /// <summary>Why the weights cannot be used, one line; null where they can.</summary>
    public string? Problem { get; init; }

    /// <summary>Its form, or null where there is a problem.</summary>
    public ModelConfig? Config { get; init; }

    /// <summary>Names the weights in records; null where there is a problem.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>The SAEs that are configured, by layer.</summary>
    public ImmutableArray<SaeFacts> Saes { get; init; } = [];

    /// <summary>Whether files of it come from the model hub.</summary>
    public bool CanPull { get; init; }

    /// <summary>SAEs that are not here.</summary>
    public int MissingSaes => Saes.Count(s => !s.Present);

    /// <summary>Whether it can run with all its SAEs.</summary>
    public bool Complete => Problem is null && MissingSaes == 0;
}

/// <summary>What is on disk of a layer's SAE.</summary>
public sealed record SaeFacts
{
    /// <summary>0-based layer whose output it reads.</summary>
    public required int Layer { get; init; }

    /// <summary>Its file or folder, or its path inside the repository while it is missing.</summary>
    public required string Path { get; init; }

    /// <summary>Whether it is here.</summary>
    public required bool Present { get; init; }

    /// <summary>Bytes of its files.</summary>
    public long Bytes { get; init; }

    /// <summary>Its form; null where it was not read, or cannot be.</summary>
    public SaeConfig? Config { get; init; }

    /// <summary>Names it in records.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Why it cannot be used, one line.</summary>
    public string? Problem { get; init; }

    /// <summary>Mean number of active features, as the path says (GemmaScope), or null.</summary>
    public int? L0 { get; init; }

    /// <summary>The SAE whose explanations are shown for it, or null.</summary>
    public ExplainedSae? Explained { get; init; }
}

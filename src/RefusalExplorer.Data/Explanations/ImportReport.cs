using System.Collections.Immutable;

namespace RefusalExplorer.Data.Explanations;

/// <summary>Where an import stands.</summary>
/// <param name="File">The file that is read.</param>
/// <param name="FilesDone">Files that are done.</param>
/// <param name="Files">All files.</param>
/// <param name="BytesDone">Bytes read, as they are on disk.</param>
/// <param name="Bytes">Bytes of all files.</param>
/// <param name="Rows">Explanations written by this import.</param>
/// <param name="RowsPerSecond">On average.</param>
/// <param name="Remaining">Time left at this rate, or null.</param>
public sealed record ImportProgress(
    string File, int FilesDone, int Files, long BytesDone, long Bytes, long Rows, double RowsPerSecond, TimeSpan? Remaining);

/// <summary>A line that was left out, or a file that could not be read to its end.</summary>
/// <param name="File">The file.</param>
/// <param name="Line">1-based line, or 0 for the whole file.</param>
/// <param name="Problem">What was expected and what was found.</param>
public sealed record ImportFault(string File, long Line, string Problem)
{
    /// <summary>One line.</summary>
    public override string ToString() => Line == 0 ? $"{File}: {Problem}" : $"{File}, line {Line}: {Problem}";
}

/// <summary>What an import did.</summary>
public sealed record ImportReport
{
    /// <summary>Files named.</summary>
    public required int Files { get; init; }

    /// <summary>Files that an earlier import had finished.</summary>
    public required int Skipped { get; init; }

    /// <summary>Files that could not be read to their end.</summary>
    public required int Unfinished { get; init; }

    /// <summary>Explanations written, those that were there already with the same text too.</summary>
    public required long Rows { get; init; }

    /// <summary>Lines left out.</summary>
    public required long Broken { get; init; }

    /// <summary>The first of the faults.</summary>
    public required ImmutableArray<ImportFault> Faults { get; init; }

    /// <summary>Time that it took.</summary>
    public required double Seconds { get; init; }
}

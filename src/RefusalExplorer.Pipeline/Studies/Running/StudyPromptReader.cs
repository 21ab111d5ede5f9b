using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Datasets;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>All prompts of a set, in the order of its file.</summary>
/// <param name="Items">The prompts.</param>
/// <param name="Notes">What was left out and why, a line each: broken rows with their line, duplicates.</param>
public sealed record PromptSetRead(ImmutableArray<PromptItem> Items, ImmutableArray<string> Notes);

/// <summary>Reads prompt sets.</summary>
public interface IStudyPromptReader
{
    /// <summary>Reads a set; what the selection takes of it is not this reader's concern.</summary>
    /// <param name="selection">Names the set.</param>
    /// <param name="harmful">What it is for: of a file with rows of both kinds only those of this kind are read.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <exception cref="RefusalExplorer.Engine.EngineException">There is no such set, or its file is broken as a whole.</exception>
    PromptSetRead Read(PromptSelection selection, bool harmful, CancellationToken cancellation);
}

/// <summary>The embedded sets (<c>demo:harmful_test</c> and its five siblings), and files.</summary>
public sealed class StudyPromptReader(IDatasetReader files) : IStudyPromptReader
{
    /// <summary>What the names of embedded sets begin with.</summary>
    public const string Prefix = "demo:";

    /// <inheritdoc/>
    public PromptSetRead Read(PromptSelection selection, bool harmful, CancellationToken cancellation)
    {
        string name = selection.Set;
        if (!name.StartsWith(Prefix, StringComparison.Ordinal))
            return ReadFile(selection, harmful, cancellation);
        return name[Prefix.Length..].Split('_') is ["harmful" or "harmless", "train" or "val" or "test"] parts
            ? new PromptSetRead(DemoPrompts.Read(parts[0], parts[1]).Items, [])
            : throw new PipelineException($"prompt set '{name}': expected demo:harmful_test, demo:harmless_test, or the same with train or val");
    }

    private PromptSetRead ReadFile(PromptSelection selection, bool harmful, CancellationToken cancellation)
    {
        string[] paths = Files(selection.Set);
        PromptSetRead[] read = [.. paths.Select(path => ReadOne(selection with { Set = path }, harmful, cancellation))];
        if (read.Length == 1)
            return read[0];
        PromptItem[] all = [.. read.SelectMany(r => r.Items)];
        PromptItem[] kept = selection.Unique ? [.. all.DistinctBy(i => i.Instruction, StringComparer.Ordinal)] : all;
        string[] twice = kept.Length == all.Length ? [] : [$"{selection.Set}: {all.Length - kept.Length} prompts of one file are in another, too"];
        return new PromptSetRead([.. kept], [.. read.SelectMany(r => r.Notes), .. twice]);
    }

    /// <summary>The files of a path whose last part may hold <c>*</c>: the reference's harmful set is the union of its three splits.</summary>
    private static string[] Files(string path)
    {
        string name = Path.GetFileName(path);
        if (!name.Contains('*', StringComparison.Ordinal))
            return [path];
        string folder = Path.GetDirectoryName(path) is { Length: > 0 } named ? named : ".";
        string[] found = Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, name).Order(StringComparer.Ordinal)] : [];
        return found.Length > 0 ? found : throw new PipelineException($"prompt set '{path}': no file has such a name; expected a path whose last part fits some file's name");
    }

    private PromptSetRead ReadOne(PromptSelection selection, bool harmful, CancellationToken cancellation)
    {
        PromptDataset read = files.Read(
            new PromptSetSpec
            {
                Path = selection.Set,
                Format = selection.Format,
                Column = selection.Column,
                CategoryColumn = selection.CategoryColumn,
                Where = selection.Where,
                Unique = selection.Unique,
            },
            cancellation);
        read = read.For(harmful);
        // HarmBench's contextual behaviours make no sense without their context, which its own prompts put first.
        return new PromptSetRead([.. read.Items.Select(i => new PromptItem(i.Context is null ? i.Instruction : $"{i.Context}\n\n---\n\n{i.Instruction}", i.Category))], read.Notes);
    }
}

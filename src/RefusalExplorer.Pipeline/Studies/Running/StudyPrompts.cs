using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>Selects prompts of sets; what a study once read stays in its journal, whatever becomes of the files.</summary>
internal sealed class StudyPrompts(StudyContext context, IStudyPromptReader reader)
{
    private readonly List<string> _notes = [];

    /// <summary>What was left out of the sets read so far, and why.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>The prompts of a selection.</summary>
    /// <param name="name">Its name in the definition.</param>
    /// <param name="selection">The selection.</param>
    /// <exception cref="RefusalExplorer.Engine.EngineException">The set cannot be read, or nothing of it is selected.</exception>
    public async Task<ImmutableArray<PromptItem>> ReadAsync(string name, PromptSelection selection)
    {
        PromptSetRead read = await context.AsideAsync($"sets/{name}", $"reading {selection.Set}", ct =>
        {
            PromptSetRead all = reader.Read(selection, StudySets.IsHarmful(name), ct);
            return all with { Items = Select(name, selection, all.Items) };
        }).ConfigureAwait(false);
        _notes.AddRange(read.Notes.Select(note => $"{name}: {note}"));
        return read.Items;
    }

    /// <summary>Ids of prompts.</summary>
    public async Task<ImmutableArray<ImmutableArray<int>>> EncodeAsync(IEnumerable<PromptItem> items)
    {
        var ids = ImmutableArray.CreateBuilder<ImmutableArray<int>>();
        foreach (PromptItem[] chunk in items.Chunk(256))
        {
            ids.AddRange(await context.AskAsync(
                "reading prompts", (model, _) => chunk.Select(item => model.Encode(item.Instruction)).ToArray()).ConfigureAwait(false));
        }
        return ids.ToImmutable();
    }

    private ImmutableArray<PromptItem> Select(string name, PromptSelection selection, ImmutableArray<PromptItem> all)
    {
        ImmutableArray<PromptItem> selected = selection.Of(all, context.Study.Seed);
        return !selected.IsEmpty
            ? selected
            : throw new PipelineException($"sets.{name}: nothing of the {all.Length} prompts of '{selection.Set}' is selected; check its categories, skip and take");
    }
}

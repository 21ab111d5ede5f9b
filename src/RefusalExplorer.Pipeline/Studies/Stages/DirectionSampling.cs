using System.Collections.Immutable;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>Token ids of the prompts that a direction rests on.</summary>
internal sealed record DirectionSample(
    ImmutableArray<ImmutableArray<int>> HarmfulTrain, ImmutableArray<ImmutableArray<int>> HarmlessTrain,
    ImmutableArray<ImmutableArray<int>> HarmfulVal, ImmutableArray<ImmutableArray<int>> HarmlessVal, int EndOfInstruction, int Dropped)
{
    public DirectionPrompts Counts => new(HarmfulTrain.Length, HarmlessTrain.Length, HarmfulVal.Length, HarmlessVal.Length, Dropped);
}

/// <summary>
/// Samples the training and held-out prompts and filters them (FACTS "Refusal direction": harmful ones are kept where the refusal score is above 0,
/// harmless ones where it is below).
/// </summary>
internal sealed class DirectionSampling(StudyContext context, StudyPrompts reader)
{
    private static readonly string[] Instructions = ["a", "How do birds fly so far?", "Write 2 lines about rain"];
    private readonly DirectionStageSettings _settings = context.Study.Direction;
    private int _dropped;

    public async Task<DirectionSample> DrawAsync()
    {
        StudySets sets = context.Study.Sets;
        (ImmutableArray<PromptItem> harmfulTrain, ImmutableArray<PromptItem> harmfulVal) =
            await SplitAsync("harmfulTrain", sets.HarmfulTrain!, "harmfulVal", sets.HarmfulVal).ConfigureAwait(false);
        (ImmutableArray<PromptItem> harmlessTrain, ImmutableArray<PromptItem> harmlessVal) =
            await SplitAsync("harmlessTrain", sets.HarmlessTrain!, "harmlessVal", sets.HarmlessVal).ConfigureAwait(false);
        return new DirectionSample(
            await FilterAsync("harmfulTrain", harmfulTrain, harmful: true).ConfigureAwait(false),
            await FilterAsync("harmlessTrain", harmlessTrain, harmful: false).ConfigureAwait(false),
            await FilterAsync("harmfulVal", harmfulVal, harmful: true).ConfigureAwait(false),
            await FilterAsync("harmlessVal", harmlessVal, harmful: false).ConfigureAwait(false),
            await EndOfInstructionAsync().ConfigureAwait(false),
            _dropped);
    }

    private async Task<(ImmutableArray<PromptItem> Train, ImmutableArray<PromptItem> Val)> SplitAsync(
        string trainName, PromptSelection train, string valName, PromptSelection? val)
    {
        ImmutableArray<PromptItem> all = await reader.ReadAsync(trainName, train).ConfigureAwait(false);
        (ImmutableArray<PromptItem> taken, PromptItem[] held) = Split(all, _settings);
        if (val is not null)
            held = [.. await reader.ReadAsync(valName, val).ConfigureAwait(false)];
        if (val is not null)
            new SeededRandom(_settings.Seed).Shuffle<PromptItem>(held);
        return (taken, [.. held.Take(_settings.ValidationCount)]);
    }

    /// <summary>The prompts of which a set's mean is taken, and those that are left.</summary>
    public static (ImmutableArray<PromptItem> Taken, PromptItem[] Left) Split(IEnumerable<PromptItem> set, DirectionStageSettings settings)
    {
        PromptItem[] all = [.. set];
        new SeededRandom(settings.Seed).Shuffle<PromptItem>(all);
        int taken = Math.Min(settings.TrainCount, all.Length);
        return ([.. all[..taken]], all[taken..]);
    }

    private async Task<ImmutableArray<ImmutableArray<int>>> FilterAsync(string name, ImmutableArray<PromptItem> items, bool harmful)
    {
        ImmutableArray<ImmutableArray<int>> ids = await reader.EncodeAsync(items).ConfigureAwait(false);
        if (!_settings.Filter)
            return ids;
        IReadOnlyList<Range> batches = Batches.OfPrompts(ids, context.TokensAtOnce);
        context.Expect(batches.Count);
        List<ImmutableArray<int>> kept = [];
        for (int b = 0; b < batches.Count; b++)
        {
            ImmutableArray<ImmutableArray<int>> batch = batches[b].Of(ids);
            double[] scores = await context.PieceAsync($"direction/filter/{name}/{b}", $"refusal scores of {name}", (model, ct) =>
                model.LastLogits([.. batch.Select(p => PromptRow.Plain(p))], ct).Select(l => RefusalScore.FromLogits(l, model.RefusalTokens)).ToArray())
                .ConfigureAwait(false);
            kept.AddRange(batch.Where((_, i) => harmful ? scores[i] > 0 : scores[i] < 0));
        }
        _dropped += ids.Length - kept.Count;
        return [.. kept];
    }

    /// <summary>Tokens after the instruction in the template: what prompts of any instruction end with alike.</summary>
    private async Task<int> EndOfInstructionAsync()
    {
        ImmutableArray<int>[] ids = await context.AskAsync("reading the template", (model, _) => Instructions.Select(model.Encode).ToArray()).ConfigureAwait(false);
        int shortest = ids.Min(i => i.Length);
        int common = Enumerable.Range(1, shortest).TakeWhile(n => ids.All(i => i[^n] == ids[0][^n])).Count();
        return Math.Max(1, common);
    }
}

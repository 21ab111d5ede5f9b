using System.Buffers.Binary;
using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Interactions;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>Stage 3, first half: the activations of both prompt sets and the machines trained on them.</summary>
internal sealed class InteractionTraining(StudyContext context, StudyState state, StudyPrompts reader, string folder)
{
    private const string MachineFile = "factorization_machine.safetensors";
    private const string ProbeFile = "linear_probe.safetensors";
    private readonly InteractionStageSettings _settings = context.Study.Interactions;
    private InteractionDataset? _data;
    private int _harmfulPieces;
    private int _harmlessPieces;

    /// <summary>Layers whose activations are read.</summary>
    public int[] Layers => [.. state.SaeLayers.Where(l => l >= _settings.FirstLayer && l < state.Direction!.Block)];

    /// <summary>Trains the machine, or reads it where it is done.</summary>
    public async Task<(FactorizationMachine Machine, InteractionResult Result)> RunAsync()
    {
        if (Layers.Length == 0)
            throw new PipelineException($"interactions: no layer with an SAE from {_settings.FirstLayer} up to the direction's ({state.Direction!.Hook}); SAEs are at {string.Join(", ", state.SaeLayers)}");
        (ImmutableArray<PromptItem> harmful, ImmutableArray<PromptItem> harmless) = await SetsAsync().ConfigureAwait(false);
        _harmfulPieces = await ActivationsAsync("harmful", harmful).ConfigureAwait(false);
        _harmlessPieces = await ActivationsAsync("harmless", harmless).ConfigureAwait(false);
        MachineResult trained = await TrainAsync("machine", MachineFile, "training the factorization machine", _settings.Machine(context.Study.Seed))
            .ConfigureAwait(false);
        var result = new InteractionResult { PromptsOfEachKind = harmful.Length, Layers = [.. Layers], Machine = trained };
        return (MachineFiles.Read(Path.Combine(folder, MachineFile)), result);
    }

    /// <summary>Trains the linear probe on the same data, after <see cref="RunAsync"/>.</summary>
    public async Task<(FactorizationMachine Probe, MachineResult Result)> ProbeAsync()
    {
        FactorizationMachineSettings settings = _settings.Machine(context.Study.Seed) with { EmbeddingSize = 0 };
        MachineResult trained = await TrainAsync("probe", ProbeFile, "training the linear probe", settings).ConfigureAwait(false);
        return (MachineFiles.Read(Path.Combine(folder, ProbeFile)), trained);
    }

    private async Task<(ImmutableArray<PromptItem> Harmful, ImmutableArray<PromptItem> Harmless)> SetsAsync()
    {
        StudySets sets = context.Study.Sets;
        PromptItem[] harmful = [.. await reader.ReadAsync("interactionHarmful", (sets.InteractionHarmful ?? sets.HarmfulTrain)!).ConfigureAwait(false)];
        PromptItem[] harmless = [.. await reader.ReadAsync("interactionHarmless", (sets.InteractionHarmless ?? sets.HarmlessTrain)!).ConfigureAwait(false)];
        // "An equal number of random samples": as many of each kind, drawn by the seed.
        new SeededRandom(context.Study.Seed).Shuffle<PromptItem>(harmful);
        new SeededRandom(context.Study.Seed).Shuffle<PromptItem>(harmless);
        int each = Math.Min(_settings.Take ?? int.MaxValue, Math.Min(harmful.Length, harmless.Length));
        return ([.. harmful.Take(each)], [.. harmless.Take(each)]);
    }

    private async Task<int> ActivationsAsync(string kind, ImmutableArray<PromptItem> items)
    {
        ImmutableArray<ImmutableArray<int>> ids = await reader.EncodeAsync(items).ConfigureAwait(false);
        IReadOnlyList<Range> batches = Batches.OfPrompts(ids, context.TokensAtOnce);
        context.Expect(batches.Count);
        int[] layers = Layers;
        for (int b = 0; b < batches.Count; b++)
        {
            // They are read later, all together, and only if nothing is trained on them yet.
            if (context.Skip(Key(kind, b)))
                continue;
            ImmutableArray<ImmutableArray<int>> batch = batches[b].Of(ids);
            await context.PieceAsync(Key(kind, b), $"activations of {kind} prompts", (model, ct) =>
                PackedActivations.Pack(model.ActiveFeatures(batch, layers, _settings.LastTokens, ct))).ConfigureAwait(false);
        }
        return batches.Count;
    }

    private static string Key(string kind, int batch) => $"interactions/activations/{kind}/{batch}";

    private InteractionDataset Data()
    {
        if (_data is not null)
            return _data;
        var builder = new InteractionDatasetBuilder(_settings.Dataset(context.Study.Seed));
        foreach ((string kind, int count) in new[] { ("harmful", _harmfulPieces), ("harmless", _harmlessPieces) })
        {
            for (int b = 0; b < count; b++)
            {
                foreach (IReadOnlyList<ActiveFeature>[] tokens in PackedActivations.Unpack(context.Read<string>(Key(kind, b))))
                    builder.Add(kind == "harmful", tokens);
            }
        }
        return _data = builder.Build();
    }

    private Task<MachineResult> TrainAsync(string name, string file, string what, FactorizationMachineSettings settings) =>
        context.AsideAsync($"interactions/{name}", what, ct =>
        {
            InteractionDataset data = Data();
            FactorizationMachineResult trained = FactorizationMachineTrainer.Train(data, settings, new Epochs(state), cancellation: ct);
            // The file is whole before the piece counts as done.
            MachineFiles.Write(Path.Combine(folder, file), trained.Model);
            state.Training = [];
            return MachineResult.Of(data, trained);
        });

    /// <summary>Shows each epoch to those who watch.</summary>
    private sealed class Epochs(StudyState state) : IProgress<EpochMetrics>
    {
        public void Report(EpochMetrics value)
        {
            state.Training = state.Training.Add(value);
            state.Publish();
        }
    }
}

/// <summary>Sparse activations of prompts as base64: counts as 32-bit numbers, entries as feature (6 bits of layer, 26 of index) and float32.</summary>
internal static class PackedActivations
{
    private const int IndexBits = 26;

    public static string Pack(IReadOnlyList<IReadOnlyList<ActiveFeature>[]> prompts)
    {
        using var bytes = new MemoryStream();
        Write(prompts.Count);
        foreach (IReadOnlyList<ActiveFeature>[] tokens in prompts)
        {
            Write(tokens.Length);
            foreach (IReadOnlyList<ActiveFeature> active in tokens)
            {
                Write(active.Count);
                foreach ((FeatureId feature, float value) in active)
                {
                    Write(unchecked((int)(((uint)feature.Layer << IndexBits) | (uint)feature.Index)));
                    Write(BitConverter.SingleToInt32Bits(value));
                }
            }
        }
        return Convert.ToBase64String(bytes.GetBuffer(), 0, (int)bytes.Length);

        void Write(int value)
        {
            Span<byte> four = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(four, value);
            bytes.Write(four);
        }
    }

    public static IReadOnlyList<IReadOnlyList<ActiveFeature>[]> Unpack(string packed)
    {
        byte[] bytes = Convert.FromBase64String(packed);
        int at = 0;
        var prompts = new IReadOnlyList<ActiveFeature>[Read()][];
        for (int p = 0; p < prompts.Length; p++)
        {
            prompts[p] = new IReadOnlyList<ActiveFeature>[Read()];
            for (int t = 0; t < prompts[p].Length; t++)
            {
                var active = new ActiveFeature[Read()];
                for (int i = 0; i < active.Length; i++)
                {
                    uint feature = unchecked((uint)Read());
                    active[i] = new ActiveFeature(
                        new FeatureId((int)(feature >> IndexBits), (int)(feature & ((1u << IndexBits) - 1))), BitConverter.Int32BitsToSingle(Read()));
                }
                prompts[p][t] = active;
            }
        }
        return prompts;

        int Read()
        {
            int value = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));
            at += 4;
            return value;
        }
    }
}

using CsCheck;
using RefusalExplorer.Engine.Checkpoints;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Checkpoints;

/// <summary>Random damage gives a <see cref="CheckpointFormatException"/> or a readable file, never another exception or a large allocation.</summary>
public sealed class GarbledFileTests : IDisposable
{
    private const long MaxAllocation = 16 << 20;
    private readonly TestFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Safetensors() => Survives(
        TestFiles.Safetensors(
            """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]}}""",
            new byte[32]),
        path => ReadAll(SafetensorsFile.Open(path)));

    [Fact]
    public void StoredNpz() => Survives(Head("saes/gemmascope/gemma2/layer_1/width_256/average_l0_10/params.npz"), path => ReadAll(NpzFile.Open(path)));

    [Fact]
    public void DeflatedNpz() => Survives(Head("saes/gemmascope-deflated/layer_1/width_256/average_l0_10/params.npz"), path => ReadAll(NpzFile.Open(path)));

    [Fact]
    public void Gguf() => Survives(
        new GgufBuilder().Text("general.architecture", "llama").WholeNumber("llama.block_count", 1).Number("f", 1)
            .Add("texts", 9, w => { w.Write(8u); w.Write(2UL); GgufBuilder.WriteText(w, "a"); GgufBuilder.WriteText(w, "bc"); })
            .Tensor("t", [1, 2, 3, 4], 2, 2).Tensor("q", GgmlType.Q4_1, new byte[40], 2, 32).Build(),
        path =>
        {
            using GgufFile file = GgufFile.Open(path);
            foreach (string name in file.Names)
                file.ReadFloats(name);
        });

    [Fact]
    public void Configuration()
    {
        _files.CopyOfGolden("models/gemma2-hub");
        Survives(File.ReadAllBytes(_files.PathOf("config.json")), _ => CheckpointReader.Open(_files.Folder).Dispose(), "config.json");
    }

    [Fact]
    public void Index()
    {
        _files.CopyOfGolden("models/llama31-sharded");
        const string Name = "model.safetensors.index.json";
        Survives(File.ReadAllBytes(_files.PathOf(Name)), _ => CheckpointReader.Open(_files.Folder).Dispose(), Name);
    }

    private static byte[] Head(string golden) => File.ReadAllBytes(TestFiles.Golden(golden));

    private static void ReadAll(ITensorFile file)
    {
        using (file)
        {
            foreach (string name in file.Names)
                file.ReadFloats(name);
        }
    }

    private void Survives(byte[] good, Action<string> open, string name = "damaged")
    {
        open(_files.Write(name, good));
        // Half of the damage goes to the first and last bytes, where headers and directories are.
        Gen<int> place = Gen.OneOf(Gen.Int[0, good.Length - 1], Gen.Int[0, Math.Min(good.Length, 300) - 1], Gen.Int[Math.Max(0, good.Length - 400), good.Length - 1]);
        Gen<(int, byte)[]> flips = Gen.Select(place, Gen.Byte).Array[0, 4];
        Gen.Select(flips, Gen.OneOf(Gen.Const(good.Length), Gen.Int[0, good.Length])).Sample((changes, length) =>
        {
            byte[] damaged = good[..length];
            foreach ((int at, byte mask) in changes)
            {
                if (at < length)
                    damaged[at] ^= mask;
            }
            string path = _files.Write(name, damaged);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                open(path);
            }
            catch (CheckpointFormatException refusal)
            {
                Assert.DoesNotContain('\n', refusal.Message);
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MaxAllocation);
        }, iter: good.Length > 10_000 ? 400 : 1500, threads: 1);
    }
}

using RefusalExplorer.Engine.Checkpoints;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Checkpoints;

public sealed class GgufFileTests : IDisposable
{
    private readonly TestFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void DemoModel_HasTheMetadataAndTensorsOfItsCard()
    {
        using GgufFile file = GgufFile.Open(TestFiles.DemoModel);

        Assert.Equal("llama", file.Text("general.architecture"));
        Assert.Equal(30, file.WholeNumber("llama.block_count"));
        Assert.Equal(1e-5, file.Number("llama.attention.layer_norm_rms_epsilon"));
        Assert.Equal(49152, file.Texts("tokenizer.ggml.tokens")!.Count);
        Assert.Equal(49152, file.WholeNumbers("tokenizer.ggml.token_type")!.Count);
        Assert.Equal([49152, 576], file.Shape("token_embd.weight"));
        Assert.Equal(GgmlType.Q8_0, file.Type("token_embd.weight"));
        Assert.Equal(GgmlType.Q4_1, file.Type("blk.0.attn_q.weight"));
        Assert.Null(file.Text("no.such.key"));
        Assert.Equal(30 * 9 + 2, file.Names.Count);
    }

    [Theory]
    [InlineData(2, 32)]
    [InlineData(3, 64)]
    public void AllMetadataTypes_AndNestedArrays_AreRead(uint version, int alignment)
    {
        string path = _files.Write("all.gguf", new GgufBuilder(version, alignment)
            .WholeNumber("general.alignment", alignment)
            .Add("u8", 0, w => w.Write((byte)200)).Add("i8", 1, w => w.Write((sbyte)-3)).Add("u16", 2, w => w.Write((ushort)60000))
            .Add("i16", 3, w => w.Write((short)-300)).Add("i32", 5, w => w.Write(-70000)).Number("f32", 0.1f).Add("bool", 7, w => w.Write(true))
            .Text("text", "é").Add("u64", 10, w => w.Write(5UL)).Add("i64", 11, w => w.Write(-5L)).Add("f64", 12, w => w.Write(0.25))
            .Add("huge", 10, w => w.Write(ulong.MaxValue))
            .Add("texts", 9, w => { w.Write(8u); w.Write(2UL); GgufBuilder.WriteText(w, "a"); GgufBuilder.WriteText(w, ""); })
            .Add("floats", 9, w => { w.Write(6u); w.Write(1UL); w.Write(1.5f); })
            .Add("nested", 9, w => { w.Write(9u); w.Write(1UL); w.Write(5u); w.Write(1UL); w.Write(7); })
            .Tensor("t", [1, 2, 3, 4, 5, 6], 2, 3).Tensor("u", [7], 1).Build());
        using GgufFile file = GgufFile.Open(path);

        Assert.Equal([200, -3, 60000, -300, -70000, 5, -5], ((string[])["u8", "i8", "u16", "i16", "i32", "u64", "i64"]).Select(k => file.WholeNumber(k)!.Value));
        Assert.Equal((0.1, 0.25, true, "é"), (file.Number("f32"), file.Number("f64"), file.Flag("bool"), file.Text("text")));
        Assert.Equal(["a", ""], file.Texts("texts")!);
        Assert.Equal([1.5f], file.Numbers("floats")!);
        Assert.Contains("nested", file.Keys);
        Assert.Equal([2, 3], file.Shape("t"));
        Assert.Equal([1, 2, 3, 4, 5, 6], file.ReadFloats("t"));
        Assert.Equal([7], file.ReadFloats("u"));
        Assert.Equal($"{path}: text: metadata holds é, expected a whole number", Assert.Throws<CheckpointFormatException>(() => file.WholeNumber("text")).Message);
        Assert.Contains("expected a whole number", Assert.Throws<CheckpointFormatException>(() => file.WholeNumber("huge")).Message);
    }

    [Theory]
    [InlineData(23u, "quantisation IQ4_XS, expected one of F32, F16, Q4_0")]
    [InlineData(99u, "quantisation number 99")]
    public void Open_UnknownQuantisation_IsRefusedByName(uint type, string problem)
    {
        string path = _files.Write("unknown.gguf", new GgufBuilder().Tensor("t", type, new byte[136], 256).Build());

        Assert.Contains($"{path}: t: {problem}", Assert.Throws<CheckpointFormatException>(() => GgufFile.Open(path)).Message);
    }

    [Fact]
    public void Open_BrokenFiles_SayWhatIsWrong()
    {
        string Refusal(byte[] bytes) => Assert.Throws<CheckpointFormatException>(() => GgufFile.Open(_files.Write("broken.gguf", bytes))).Message;
        byte[] good = new GgufBuilder().Tensor("t", new float[64], 2, 32).Build();

        Assert.Contains("the file is cut short", Refusal(good[..^1]));
        Assert.Contains("ends or is garbled", Refusal(good[..40]));
        Assert.Contains("not a GGUF file", Refusal([.. "GGML"u8, .. good[4..]]));
        Assert.Contains("GGUF version 1,", Refusal(new GgufBuilder(version: 1).Build()));
        Assert.Contains("tensor named twice", Refusal(new GgufBuilder().Tensor("t", [1], 1).Tensor("t", [1], 1).Build()));
        Assert.Contains("metadata key twice", Refusal(new GgufBuilder().Text("k", "").Text("k", "").Build()));
        Assert.Contains("metadata type 13", Refusal(new GgufBuilder().Add("k", 13, _ => { }).Build()));
        Assert.Contains("rows of whole Q4_1 blocks of 32", Refusal(new GgufBuilder().Tensor("t", GgmlType.Q4_1, new byte[20], 2, 16).Build()));
        Assert.Contains("expected a power of two", Refusal(new GgufBuilder().WholeNumber("general.alignment", 3).Build()));
        Assert.Contains("ends or is garbled", Refusal(new GgufBuilder().Add("k", 9, w => { w.Write(8u); w.Write(1UL << 60); }).Build()));
        Assert.Contains("ends or is garbled", Refusal(new GgufBuilder().Add("k", 9, w =>
        {
            for (int i = 0; i < 1000; i++)
            {
                w.Write(9u);
                w.Write(1UL);
            }
        }).Build()));
    }
}

using CsCheck;
using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Native;
using Xunit;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Tests.Checkpoints;

public sealed class SafetensorsFileTests : IDisposable
{
    private const string Matrix = "model.layers.1.mlp.down_proj.weight";
    private readonly TestFiles _files = new();

    public SafetensorsFileTests() => TorchNative.EnsureLoaded();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Load_Float32_EqualsTheFloatsOfTheFile()
    {
        using SafetensorsFile file = SafetensorsFile.Open(TestFiles.Golden("models/llama31/model.safetensors"));
        using Tensor weights = file.Load(Matrix, ScalarType.Float32, CPU);

        Assert.Equal([64, 128], weights.shape);
        Assert.Equal(file.ReadFloats(Matrix), weights.data<float>().ToArray());
        Assert.Equal("pt", file.Metadata["format"]);
    }

    [Fact]
    public void ReadRowsAndColumns_AnyOrderAndRepeats_EqualSlicesOfTheWhole()
    {
        using SafetensorsFile file = SafetensorsFile.Open(TestFiles.Golden("models/llama31/model.safetensors"));
        float[] whole = file.ReadFloats(Matrix);

        Gen.Int[0, 63].Array[0, 9].Sample(rows =>
            rows.SelectMany(r => whole.Skip(r * 128).Take(128)).SequenceEqual(file.ReadRows(Matrix, rows)), iter: 100);
        Gen.Int[0, 127].Array[0, 9].Select(Gen.Bool).Sample(t =>
        {
            int[] columns = t.Item2 ? [.. t.Item1.Order()] : t.Item1;
            return Enumerable.Range(0, 64).SelectMany(r => columns.Select(c => whole[(r * 128) + c])).SequenceEqual(file.ReadColumns(Matrix, columns));
        }, iter: 100);
        var block = new float[300];
        file.ReadFloats(Matrix, 7000, block);
        Assert.Equal(whole[7000..7300], block);
    }

    [Fact]
    public void Reads_OutsideTheTensor_NameFileTensorAndRange()
    {
        using SafetensorsFile file = SafetensorsFile.Open(TestFiles.Golden("models/llama31/model.safetensors"));

        Assert.Contains($"{file.Location}: {Matrix}: expected a row from 0 to 63", Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadRows(Matrix, [64])).Message);
        Assert.Contains("expected a column from 0 to 127", Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadColumns(Matrix, [-1])).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadFloats(Matrix, (64 * 128) - 1, new float[2]));
        Assert.Equal($"{file.Location}: lm: no such tensor among its 39", Assert.Throws<CheckpointFormatException>(() => file.Shape("lm")).Message);
        Assert.Contains("expected a matrix", Assert.Throws<CheckpointFormatException>(() => file.ReadRows("model.norm.weight", [0])).Message);
    }

    [Fact]
    public void BFloat16_WidensToTheFloat32OfItsUpperHalf()
    {
        using SafetensorsFile single = SafetensorsFile.Open(TestFiles.Golden("models/smol/model.safetensors"));
        using SafetensorsFile half = SafetensorsFile.Open(TestFiles.Golden("models/smol-bf16/model.safetensors"));
        foreach (string name in single.Names)
        {
            using Tensor expected = single.Load(name, ScalarType.BFloat16, CPU).to(ScalarType.Float32);
            Assert.Equal(TensorElementType.BF16, half.ElementType(name));
            Assert.Equal(expected.data<float>().ToArray(), half.ReadFloats(name));
        }
    }

    [Fact]
    public void EveryElementType_ReadsAsItsCastToFloat32()
    {
        byte[] data =
        [
            .. BitConverter.GetBytes(-1.5), .. BitConverter.GetBytes(2.5f), .. BitConverter.GetBytes((Half)0.1), 0xC0, 0xBF,
            .. BitConverter.GetBytes(-5_000_000_000L), .. BitConverter.GetBytes(-70_000), .. BitConverter.GetBytes((short)-300), 0xFF, 0xFF, 1,
        ];
        int offset = 0;
        string header = "{" + string.Join(',', Enum.GetValues<TensorElementType>().Select(t =>
            $$"""
            "{{t}}": {"dtype": "{{t}}", "shape": [], "data_offsets": [{{offset}}, {{offset += t.Size()}}]}
            """)) + "}";
        using SafetensorsFile file = SafetensorsFile.Open(_files.Write("all.safetensors", TestFiles.Safetensors(header, data)));

        float[] expected = [-1.5f, 2.5f, (float)(Half)0.1, -1.5f, -5e9f, -70000, -300, -1, 255, 1];
        Assert.Equal(expected, Enum.GetNames<TensorElementType>().Select(n => file.ReadFloats(n)[0]));
        foreach ((string name, float value) in Enum.GetNames<TensorElementType>().Zip(expected))
        {
            using Tensor scalar = file.Load(name, ScalarType.Float32, CPU);
            Assert.Equal(value, scalar.item<float>());
        }
    }

    [Fact]
    public void HalfToFloat32_AllValues_EqualTheCast()
    {
        ushort[] halves = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i), 1];
        var singles = new float[halves.Length];
        ElementConversion.HalfToFloat32(halves, singles);

        for (int i = 0; i < halves.Length; i++)
        {
            float expected = (float)BitConverter.UInt16BitsToHalf(halves[i]);
            Assert.True(float.IsNaN(expected) ? float.IsNaN(singles[i]) : BitConverter.SingleToInt32Bits(expected) == BitConverter.SingleToInt32Bits(singles[i]),
                $"half {halves[i]:X4}: {singles[i]}, expected {expected}");
        }
    }

    [Fact]
    public void Write_ThenOpen_GivesBackNamesShapesAndValues()
    {
        string path = _files.PathOf("out.safetensors");
        File.WriteAllText(path, "an older file");
        SafetensorsFile.Write(path, [new("b", new float[] { 1, float.NaN, 3, -0f, 5, 6 }, 2, 3), new("a\"é", new float[] { 7 }), new("empty", default, 0, 4)]);

        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal(["a\"é", "b", "empty"], file.Names);
        Assert.Equal([2, 3], file.Shape("b"));
        Assert.Equal([1, float.NaN, 3, -0f, 5, 6], file.ReadFloats("b"));
        Assert.Empty(file.Shape("a\"é"));
        Assert.Empty(file.ReadFloats("empty"));
        Assert.Single(Directory.GetFiles(_files.Folder));
    }

    [Fact]
    public void Write_BadInput_LeavesTheOldFile()
    {
        string path = _files.Write("out.safetensors", "an older file");

        Assert.Contains("does not hold 3", Assert.Throws<EngineException>(() => SafetensorsFile.Write(path, [new("a", new float[3], 2, 2)])).Message);
        Assert.Contains("two tensors of this name", Assert.Throws<EngineException>(() => SafetensorsFile.Write(path, [new("a", new float[1], 1), new("a", new float[1], 1)])).Message);
        Assert.Contains("cannot be written", Assert.Throws<EngineException>(() => SafetensorsFile.Write(_files.PathOf("none/out"), [])).Message);
        Assert.Equal("an older file", File.ReadAllText(path));
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", "overlap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", "overlap or leave a hole")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "expected")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", "cut short or garbled")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", "bytes 0 to 16 of 12")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,12]}}""", "does not fill its 12 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1,-3],"data_offsets":[0,12]}}""", "does not fill")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", "does not fill")]
    [InlineData("""{"a":{"dtype":"F8_E4M3","shape":[12],"data_offsets":[0,12]}}""", "element type F8_E4M3, expected one of F64, F32")]
    [InlineData("""{"a":{"dtype":"1","shape":[12],"data_offsets":[0,12]}}""", "element type 1,")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", "named twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12,12]}}""", "expected two")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,12]}}""", "the header")]
    [InlineData("""{"a":{"shape":[3],"data_offsets":[0,12]}}""", "the header")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", "the header")]
    [InlineData("""{"__metadata__":[1],"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", "the header")]
    [InlineData("[]", "a JSON Array, expected an object")]
    [InlineData("{", "not valid JSON")]
    public void Open_BrokenHeader_IsOneLineThatNamesTheProblem(string header, string problem)
    {
        string path = _files.Write("broken.safetensors", TestFiles.Safetensors(header, new byte[12]));

        CheckpointFormatException refusal = Assert.Throws<CheckpointFormatException>(() => SafetensorsFile.Open(path));
        Assert.StartsWith(path, refusal.Message);
        Assert.Contains(problem, refusal.Message);
        Assert.DoesNotContain('\n', refusal.Message);
    }

    [Fact]
    public void Open_MissingEmptyOrTinyFile_SaysWhatToDo()
    {
        Assert.Contains("no such file", Assert.Throws<CheckpointFormatException>(() => SafetensorsFile.Open(_files.PathOf("none"))).Message);
        Assert.Contains("empty", Assert.Throws<CheckpointFormatException>(() => SafetensorsFile.Open(_files.Write("empty", ""))).Message);
        Assert.Contains("too short", Assert.Throws<CheckpointFormatException>(() => SafetensorsFile.Open(_files.Write("tiny", "1234"))).Message);
        Assert.Contains("announces a header", Assert.Throws<CheckpointFormatException>(
            () => SafetensorsFile.Open(_files.Write("huge", [0, 0, 0, 0, 0, 0, 0, 0x80, (byte)'{', (byte)'}']))).Message);
    }

    [Fact]
    public void ReadRows_BeyondTwoGigabytes_FindsTheBytes()
    {
        const long Rows = 560;
        const long Columns = 1 << 22;
        string path = _files.Write("large.safetensors", TestFiles.Safetensors(
            $$"""{"large": {"dtype": "U8", "shape": [{{Rows}}, {{Columns}}], "data_offsets": [0, {{Rows * Columns}}] } }"""));
        using (FileStream stream = File.OpenWrite(path))
        {
            long start = stream.Length;
            stream.SetLength(start + (Rows * Columns));
            stream.Position = start + ((Rows - 1) * Columns) + 5;
            stream.WriteByte(42);
        }
        using SafetensorsFile file = SafetensorsFile.Open(path);

        Assert.Equal(42, file.ReadRows("large", [(int)Rows - 1])[5]);
        Assert.Equal(42, file.ReadColumns("large", [5])[Rows - 1]);
        Assert.Contains("read the tensor in blocks", Assert.Throws<CheckpointFormatException>(() => file.ReadFloats("large")).Message);
    }

    [Fact]
    public void Fingerprint_SameHeaderOtherWeights_Differs()
    {
        string original = _files.PathOf("a");
        string tuned = _files.PathOf("b");
        SafetensorsFile.Write(original, [new("w", new float[] { 1, 2 }, 2)]);
        SafetensorsFile.Write(tuned, [new("w", new float[] { 1, 3 }, 2)]);
        using SafetensorsFile first = SafetensorsFile.Open(original);
        using SafetensorsFile second = SafetensorsFile.Open(tuned);
        using SafetensorsFile again = SafetensorsFile.Open(original);

        Assert.NotEqual(first.Fingerprint, second.Fingerprint);
        Assert.Equal(first.Fingerprint, again.Fingerprint);
        Assert.Matches("^[0-9a-f]{64}$", first.Fingerprint);
    }

    [Fact]
    public void Reads_AfterDispose_ThrowInsteadOfTouchingTheMap()
    {
        SafetensorsFile file = SafetensorsFile.Open(TestFiles.Golden("models/smol/model.safetensors"));
        ReadOnlyMemory<byte> bytes = file.Bytes("model.norm.weight");
        Assert.Equal(72 * 4, bytes.Length);
        file.Dispose();

        Assert.Throws<ObjectDisposedException>(() => file.ReadFloats("model.norm.weight"));
        Assert.Throws<ObjectDisposedException>(() => bytes.Span[0]);
    }
}

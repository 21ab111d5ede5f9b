using System.IO.Compression;
using RefusalExplorer.Pipeline.Directions;
using RefusalExplorer.Pipeline.Statistics;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Directions;

public sealed class ReferenceFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("direction").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string At(string name) => Path.Combine(_folder, name);

    [Fact]
    public void WriteThenRead_WholeRun_IsTheSame()
    {
        MeanDifferences differences = new(2, 3, 2, [.. Enumerable.Range(0, 12).Select(i => i / 7.0)]);
        ReferenceDirectionBundle bundle = new(
            differences.Direction(-1, 2, "computed"), differences,
            [new(-2, 0, 1.5, -2, double.NaN), new(-1, 2, -3, double.NegativeInfinity, 0.01)]);
        ReferenceDirectionFiles.Write(_folder, bundle);
        ReferenceDirectionBundle read = ReferenceDirectionFiles.Read(_folder);
        Assert.Equal(bundle.Direction.Id, read.Direction.Id);
        Assert.Equal(differences.Values.ToArray(), read.MeanDifferences!.Values.ToArray());
        Assert.Equal(bundle.Evaluations, read.Evaluations);
    }

    [Fact]
    public void Write_NotANumber_IsThePythonWord()
    {
        ReferenceDirectionFiles.Write(_folder, new(RefusalDirection.Create([1f], "blocks.0.hook_resid_pre", -1, "x"), null, [new(-1, 0, double.NaN, 1, 2)]));
        Assert.Contains("\"refusal_score\": NaN,", File.ReadAllText(At("select_direction/direction_evaluations.json")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"pos\": 1, \"layer\": 2}", "expected a negative pos")]
    [InlineData("{\"pos\": -1}", "layer")]
    [InlineData("{", "expected the file that refusal_direction writes")]
    public void Read_BadMetadata_NamesTheFileAndWhatWasExpected(string json, string message)
    {
        File.WriteAllText(At("direction_metadata.json"), json);
        string said = Assert.Throws<PipelineException>(() => ReferenceDirectionFiles.Read(_folder)).Message;
        Assert.Contains("direction_metadata.json", said, StringComparison.Ordinal);
        Assert.Contains(message, said, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', said);
    }

    [Fact]
    public void ReadTensor_PickleThatCallsAFunction_IsRefusedByName()
    {
        // The classic attack: os.system("…") on load.
        WriteArchive("evil.pt", "cposix\nsystem\n(X\u0004\0\0\0truetR."u8.ToArray());
        Assert.Contains("it names posix.system", Assert.Throws<PipelineException>(() => TorchTensorFile.Read(At("evil.pt"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadTensor_LegacyFormat_SaysHowToConvert()
    {
        File.WriteAllBytes(At("old.pt"), [0x80, 0x02, 0x8a, 0x0a]);
        Assert.Contains("since PyTorch 1.6", Assert.Throws<PipelineException>(() => TorchTensorFile.Read(At("old.pt"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadTensor_ShapeBeyondItsStorage_IsRefused()
    {
        byte[] program = TorchPickleWriter.Program([1000, 1000], 2);
        WriteArchive("large.pt", program, ("data/0", new byte[16]));
        Assert.Contains("does not fit its storage of 2 elements", Assert.Throws<PipelineException>(() => TorchTensorFile.Read(At("large.pt"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadTensor_AnyDamagedByte_GivesTheTypedErrorOrATensor()
    {
        TorchTensorFile.Write(At("good.pt"), [2, 3], [1, 2, 3, 4, 5, 6]);
        byte[] good = File.ReadAllBytes(At("good.pt"));
        SeededRandom random = new(1);
        for (int i = 0; i < 3000; i++)
        {
            byte[] bad = [.. good];
            for (int n = random.NextInt(4); n >= 0; n--)
                bad[random.NextInt(bad.Length)] = (byte)random.NextInt(256);
            File.WriteAllBytes(At("bad.pt"), random.NextInt(8) == 0 ? bad[..random.NextInt(bad.Length)] : bad);
            try
            {
                TorchTensorFile.Read(At("bad.pt"));
            }
            catch (PipelineException e)
            {
                Assert.DoesNotContain('\n', e.Message);
            }
        }
    }

    private void WriteArchive(string name, byte[] pickle, params (string Name, byte[] Content)[] entries)
    {
        using ZipArchive archive = ZipFile.Open(At(name), ZipArchiveMode.Create);
        foreach ((string entry, byte[] content) in entries.Prepend(("data.pkl", pickle)))
        {
            using Stream stream = archive.CreateEntry("archive/" + entry, CompressionLevel.NoCompression).Open();
            stream.Write(content);
        }
    }
}

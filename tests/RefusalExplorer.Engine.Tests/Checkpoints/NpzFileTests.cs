using System.Globalization;
using System.IO.Compression;
using System.Text;
using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Native;
using Xunit;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Tests.Checkpoints;

public sealed class NpzFileTests : IDisposable
{
    private const string Stored = "saes/gemmascope/gemma2/layer_1/width_256/average_l0_10/params.npz";
    private const string Deflated = "saes/gemmascope-deflated/layer_1/width_256/average_l0_10/params.npz";
    private readonly TestFiles _files = new();

    public NpzFileTests() => TorchNative.EnsureLoaded();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void DeflatedArchive_ReadsAsTheStoredOne()
    {
        using NpzFile stored = NpzFile.Open(TestFiles.Golden(Stored));
        using NpzFile deflated = NpzFile.Open(TestFiles.Golden(Deflated));

        Assert.Equal(["W_dec", "W_enc", "b_dec", "b_enc", "threshold"], stored.Names);
        Assert.Equal(stored.Names, deflated.Names);
        Assert.Equal([64, 256], deflated.Shape("W_enc"));
        foreach (string name in stored.Names)
            Assert.Equal(stored.ReadFloats(name), deflated.ReadFloats(name));
        Assert.Equal(stored.ReadColumns("W_enc", [3, 4, 250]), deflated.ReadColumns("W_enc", [3, 4, 250]));
        Assert.Equal(stored.ReadRows("W_dec", [255, 0]), deflated.ReadRows("W_dec", [255, 0]));
        using Tensor tensor = deflated.Load("W_dec", ScalarType.Float32, CPU);
        Assert.Equal(stored.ReadFloats("W_dec"), tensor.data<float>().ToArray());
        Assert.NotEqual(stored.Fingerprint, deflated.Fingerprint);
    }

    [Theory]
    [InlineData(1, "<f4")]
    [InlineData(2, "<f8")]
    [InlineData(3, "<f2")]
    [InlineData(1, "<i8")]
    [InlineData(1, "<i4")]
    public void EveryVersionAndType_ReadsTheSameNumbers(byte version, string descr)
    {
        double[] values = [1, -2, 3, 4, 5, 6];
        byte[] data = [.. values.SelectMany(v => descr switch
        {
            "<f4" => BitConverter.GetBytes((float)v),
            "<f8" => BitConverter.GetBytes(v),
            "<f2" => BitConverter.GetBytes((Half)v),
            "<i8" => BitConverter.GetBytes((long)v),
            _ => BitConverter.GetBytes((int)v),
        })];
        using NpzFile file = NpzFile.Open(Zip(CompressionLevel.Optimal, Npy(descr, "(2, 3)", data, version)));

        Assert.Equal([2, 3], file.Shape("a"));
        Assert.Equal([1, -2, 3, 4, 5, 6], file.ReadFloats("a"));
    }

    [Fact]
    public void Zip64Archive_IsRead()
    {
        using NpzFile file = NpzFile.Open(_files.Write("64.npz", Zip64(Npy("<f4", "(2,)", [.. BitConverter.GetBytes(1.5f), .. BitConverter.GetBytes(2f)]))));

        Assert.Equal([1.5f, 2], file.ReadFloats("a"));
    }

    [Theory]
    [InlineData(">f4", "(2, 3)", "False", "NumPy type >f4, expected <f8")]
    [InlineData("<f4", "(2, 3)", "True", "stored by columns (fortran_order)")]
    [InlineData("<f4", "(2, 4)", "False", "does not fill")]
    [InlineData("<f4", "(-2, -3)", "False", "dimension -2")]
    [InlineData("<f4", "(9999999999999, 9999999999999)", "False", "does not fill")]
    [InlineData("<f4", "2, 3", "False", "no 'shape'")]
    [InlineData("<f4", "(2, 3)", "Maybe", "no 'fortran_order'")]
    public void Open_UnreadableArray_IsRefusedByName(string descr, string shape, string fortran, string problem)
    {
        string path = Zip(CompressionLevel.NoCompression, Npy(descr, shape, new byte[24], fortran: fortran));

        string message = Assert.Throws<CheckpointFormatException>(() => NpzFile.Open(path)).Message;
        Assert.StartsWith($"{path}: a: ", message);
        Assert.Contains(problem, message);
    }

    [Fact]
    public void FortranOrder_OfAVector_IsTheSameAsRows()
    {
        using NpzFile file = NpzFile.Open(Zip(CompressionLevel.NoCompression, Npy("<i4", "(1, 2)", [1, 0, 0, 0, 2, 0, 0, 0], fortran: "True")));

        Assert.Equal([1, 2], file.ReadFloats("a"));
    }

    [Fact]
    public void Read_GarbledDeflatedData_IsRefused()
    {
        byte[] bytes = File.ReadAllBytes(TestFiles.Golden(Deflated));
        bytes[30_000] ^= 0x10;
        using NpzFile file = NpzFile.Open(_files.Write("garbled.npz", bytes));

        Assert.Contains("compressed data is broken", Assert.Throws<CheckpointFormatException>(() => file.ReadFloats("W_enc")).Message);
    }

    [Fact]
    public void Open_ClaimOfMoreThanDeflateCanGive_IsRefusedBeforeAnythingIsInflated()
    {
        byte[] bytes = File.ReadAllBytes(TestFiles.Golden(Deflated));
        int directory = bytes.AsSpan().IndexOf("PK\u0001\u0002"u8);
        BitConverter.TryWriteBytes(bytes.AsSpan(directory + 24), 0x7FFFFFFF);

        Assert.Contains("claims 2147483647 bytes", Assert.Throws<CheckpointFormatException>(() => NpzFile.Open(_files.Write("bomb.npz", bytes))).Message);
    }

    [Fact]
    public void Dispose_RemovesTheInflatedCopies()
    {
        NpzFile file = NpzFile.Open(TestFiles.Golden(Deflated), _files.Folder);
        Assert.Empty(Directory.GetFiles(_files.Folder));
        file.ReadFloats("W_enc");
        file.ReadFloats("W_enc");
        Assert.Equal(65664, new FileInfo(Assert.Single(Directory.GetFiles(_files.Folder))).Length);
        file.Dispose();

        Assert.Empty(Directory.GetFiles(_files.Folder));
        Assert.Throws<ObjectDisposedException>(() => file.ReadFloats("W_enc"));
    }

    [Fact]
    public void Read_NoRoomToInflate_NamesTheFolder()
    {
        using NpzFile file = NpzFile.Open(TestFiles.Golden(Deflated), _files.PathOf("none"));

        Assert.Contains($"cannot be inflated into {_files.PathOf("none")}", Assert.Throws<EngineException>(() => file.ReadFloats("W_enc")).Message);
    }

    private static byte[] Npy(string descr, string shape, byte[] data, byte version = 1, string fortran = "False")
    {
        byte[] header = Encoding.UTF8.GetBytes($"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
        byte[] length = version == 1 ? BitConverter.GetBytes((ushort)header.Length) : BitConverter.GetBytes(header.Length);
        return [0x93, .. "NUMPY"u8, version, 0, .. length, .. header, .. data];
    }

    private string Zip(CompressionLevel level, byte[] npy)
    {
        string path = _files.PathOf($"{Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture)}.npz");
        using ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create);
        using Stream stream = archive.CreateEntry("a.npy", level).Open();
        stream.Write(npy);
        return path;
    }

    // As numpy writes arrays of 4 GB and more: every 32-bit field is full and the values are in the 64-bit ones.
    private static byte[] Zip64(byte[] npy)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        byte[] name = "a.npy"u8.ToArray();
        void Fields(params (long Value, int Bytes)[] fields)
        {
            foreach ((long value, int bytes) in fields)
                writer.Write(BitConverter.GetBytes(value).AsSpan(0, bytes));
        }
        Fields((0x04034B50, 4), (45, 2), (0, 2), (0, 2), (0, 4), (0, 4), (0xFFFFFFFF, 4), (0xFFFFFFFF, 4), (name.Length, 2), (20, 2));
        writer.Write(name);
        Fields((1, 2), (16, 2), (npy.Length, 8), (npy.Length, 8));
        writer.Write(npy);
        long directory = stream.Position;
        Fields((0x02014B50, 4), (45, 2), (45, 2), (0, 2), (0, 2), (0, 4), (0, 4), (0xFFFFFFFF, 4), (0xFFFFFFFF, 4), (name.Length, 2), (28, 2), (0, 2),
            (0, 2), (0, 2), (0, 4), (0xFFFFFFFF, 4));
        writer.Write(name);
        Fields((1, 2), (24, 2), (npy.Length, 8), (npy.Length, 8), (0, 8));
        long end = stream.Position;
        Fields((0x06064B50, 4), (44, 8), (45, 2), (45, 2), (0, 4), (0, 4), (1, 8), (1, 8), (end - directory, 8), (directory, 8));
        Fields((0x07064B50, 4), (0, 4), (end, 8), (1, 4));
        Fields((0x06054B50, 4), (0, 2), (0, 2), (0xFFFF, 2), (0xFFFF, 2), (0xFFFFFFFF, 4), (0xFFFFFFFF, 4), (0, 2));
        return stream.ToArray();
    }
}

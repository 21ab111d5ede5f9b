using System.Buffers.Binary;
using System.Text;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>A member of a zip archive.</summary>
internal sealed record ZipEntry(string Name, ushort Method, uint Crc32, long CompressedBytes, long Bytes, long DataOffset)
{
    internal const ushort Stored = 0;
    internal const ushort Deflated = 8;
}

/// <summary>Reads a zip's central directory, 64-bit form included, with the place of each member's data, which System.IO.Compression hides.</summary>
/// <remarks>Format: PKWARE APPNOTE 6.3, sections 4.3.7 to 4.3.16 and 4.5.3.</remarks>
internal sealed class ZipDirectory(MappedFile file)
{
    private const int EndBytes = 22;
    private const int LocatorBytes = 20;
    private const int MaxCommentBytes = ushort.MaxValue;

    internal IReadOnlyList<ZipEntry> Read()
    {
        (long position, long end, ulong count) = FindDirectory();
        var entries = new List<ZipEntry>();
        for (ulong i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = Record(position, 46, 0x02014B50, "central directory");
            int nameBytes = U16(header, 28);
            int extraBytes = U16(header, 30);
            long next = position + 46 + nameBytes + extraBytes + U16(header, 32);
            if (next > end)
                throw Broken("its directory is cut short");
            string name = Encoding.UTF8.GetString(file.Span(position + 46, nameBytes));
            entries.Add(Entry(name, header, file.Span(position + 46 + nameBytes, extraBytes)));
            position = next;
        }
        return entries;
    }

    private (long Start, long End, ulong Count) FindDirectory()
    {
        for (long at = file.Length - EndBytes; at >= Math.Max(0, file.Length - EndBytes - MaxCommentBytes); at--)
        {
            ReadOnlySpan<byte> end = file.Span(at, EndBytes);
            if (BinaryPrimitives.ReadUInt32LittleEndian(end) != 0x06054B50)
                continue;
            ulong count = U16(end, 10);
            ulong size = U32(end, 12);
            ulong start = U32(end, 16);
            if (count == ushort.MaxValue || size == uint.MaxValue || start == uint.MaxValue)
            {
                ReadOnlySpan<byte> locator = Record(at - LocatorBytes, LocatorBytes, 0x07064B50, "zip64 locator");
                ReadOnlySpan<byte> end64 = Record(Offset(U64(locator, 8)), 56, 0x06064B50, "zip64 directory end");
                (count, size, start) = (U64(end64, 32), U64(end64, 40), U64(end64, 48));
            }
            if (start > (ulong)at || size > (ulong)at - start)
                throw Broken("its directory lies outside the file");
            return ((long)start, (long)(start + size), count);
        }
        throw Broken("no zip directory at its end");
    }

    private ZipEntry Entry(string name, ReadOnlySpan<byte> header, ReadOnlySpan<byte> extra)
    {
        if ((U16(header, 8) & 1) != 0)
            throw new CheckpointFormatException(file.Path, "encrypted, expected a plain npz", name);
        ulong compressed = U32(header, 20);
        ulong bytes = U32(header, 24);
        ulong local = U32(header, 42);
        while (extra.Length >= 4)
        {
            int length = Math.Min(U16(extra, 2), extra.Length - 4);
            if (U16(extra, 0) == 1)
                ReadZip64(extra.Slice(4, length), ref bytes, ref compressed, ref local);
            extra = extra[(4 + length)..];
        }
        long localAt = Offset(local);
        ReadOnlySpan<byte> localHeader = Record(localAt, 30, 0x04034B50, "local header");
        long data = localAt + 30 + U16(localHeader, 26) + U16(localHeader, 28);
        if (data > file.Length || compressed > (ulong)(file.Length - data))
            throw new CheckpointFormatException(file.Path, "ends before its data does; download or copy the file again", name);
        // Deflate never does better than 1,032 to 1: a larger claim is an attack or an accident.
        if (bytes > long.MaxValue || bytes > (compressed * 1032) + 1032)
            throw new CheckpointFormatException(file.Path, $"claims {bytes} bytes from {compressed}; download or copy the file again", name);
        return new ZipEntry(name, U16(header, 10), U32(header, 16), (long)compressed, (long)bytes, data);
    }

    private void ReadZip64(ReadOnlySpan<byte> field, ref ulong bytes, ref ulong compressed, ref ulong local)
    {
        if (bytes == uint.MaxValue)
            bytes = Take(ref field);
        if (compressed == uint.MaxValue)
            compressed = Take(ref field);
        if (local == uint.MaxValue)
            local = Take(ref field);
    }

    private ulong Take(ref ReadOnlySpan<byte> field)
    {
        if (field.Length < sizeof(ulong))
            throw Broken("a zip64 field is cut short");
        ulong value = U64(field, 0);
        field = field[sizeof(ulong)..];
        return value;
    }

    private ReadOnlySpan<byte> Record(long at, int length, uint signature, string what)
    {
        if (at < 0 || at > file.Length - length || BinaryPrimitives.ReadUInt32LittleEndian(file.Span(at, length)) != signature)
            throw Broken($"no {what} where its directory says");
        return file.Span(at, length);
    }

    private long Offset(ulong value) => value <= (ulong)file.Length ? (long)value : throw Broken("an offset lies outside the file");

    private CheckpointFormatException Broken(string problem) =>
        new(file.Path, $"not an npz (zip) file, or cut short: {problem}; download or copy the file again");

    private static ushort U16(ReadOnlySpan<byte> span, int at) => BinaryPrimitives.ReadUInt16LittleEndian(span[at..]);

    private static uint U32(ReadOnlySpan<byte> span, int at) => BinaryPrimitives.ReadUInt32LittleEndian(span[at..]);

    private static ulong U64(ReadOnlySpan<byte> span, int at) => BinaryPrimitives.ReadUInt64LittleEndian(span[at..]);
}

using System.IO.Compression;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>One array of an .npz: in place, or inflated on first use.</summary>
internal sealed class NpzArray : IDisposable
{
    // Enough for every header that NumPy writes: version 1 ends at 64 KB.
    private const int HeaderBytes = ushort.MaxValue + 12;

    private readonly MappedFile _archive;
    private readonly string _name;
    private readonly string _temporaryFolder;
    private readonly Lock _gate = new();
    private MappedFile? _inflated;
    private bool _disposed;

    internal NpzArray(MappedFile archive, string name, ZipEntry entry, string temporaryFolder)
    {
        _archive = archive;
        _name = name;
        Entry = entry;
        _temporaryFolder = temporaryFolder;
        Header = NpyHeader.Read(archive.Path, name, FirstBytes());
        long? count = TensorElementTypes.ElementCount(Header.Shape);
        if (count is null || ((UInt128)count.Value * (uint)Header.Type.Size()) + (uint)Header.DataOffset != (ulong)entry.Bytes)
        {
            throw new CheckpointFormatException(
                archive.Path, $"shape [{string.Join(", ", Header.Shape)}] of {Header.Type} does not fill its {entry.Bytes} bytes", name);
        }
    }

    internal ZipEntry Entry { get; }

    internal NpyHeader Header { get; }

    internal unsafe TensorView View()
    {
        byte* start = Entry.Method == ZipEntry.Stored ? _archive.Start + Entry.DataOffset : Inflated().Start;
        return new TensorView(_archive.Path, _name, start + Header.DataOffset, Header.Type, Header.Shape);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _inflated?.Dispose();
        }
    }

    private ReadOnlySpan<byte> FirstBytes()
    {
        int length = (int)Math.Min(HeaderBytes, Entry.Bytes);
        switch (Entry.Method)
        {
            case ZipEntry.Stored when Entry.Bytes == Entry.CompressedBytes:
                return _archive.Span(Entry.DataOffset, length);
            case ZipEntry.Deflated:
                byte[] first = new byte[length];
                using (DeflateStream stream = Deflate())
                    Guard(() => stream.ReadExactly(first));
                return first;
            case ZipEntry.Stored:
                throw new CheckpointFormatException(
                    _archive.Path, $"{Entry.CompressedBytes} bytes stored of {Entry.Bytes}; download or copy the file again", _name);
            default:
                throw new CheckpointFormatException(
                    _archive.Path, $"compression method {Entry.Method}, expected stored (0) or deflated (8)", _name);
        }
    }

    private MappedFile Inflated()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _inflated ??= Inflate();
        }
    }

    private MappedFile Inflate()
    {
        FileStream? target = null;
        try
        {
            Guard(() =>
            {
                target = CreateTemporary();
                using DeflateStream stream = Deflate();
                Copy(stream, target);
            });
            return MappedFile.Adopt(target!);
        }
        catch
        {
            target?.Dispose();
            throw;
        }
    }

    private FileStream CreateTemporary() => new(
        Path.Combine(_temporaryFolder, $"refusalexplorer-{Guid.NewGuid():N}.npy"),
        new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            Options = FileOptions.DeleteOnClose,
        });

    // Stops at the size that the directory names, however long the stream goes on, and compares the checksum.
    private void Copy(Stream source, Stream target)
    {
        byte[] buffer = new byte[1 << 20];
        var crc = new Crc32();
        long left = Entry.Bytes;
        while (left > 0)
        {
            int read = source.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
            if (read == 0)
                throw new EndOfStreamException();
            crc.Append(buffer.AsSpan(0, read));
            target.Write(buffer, 0, read);
            left -= read;
        }
        target.Flush();
        if (crc.Value != Entry.Crc32 || source.ReadByte() >= 0)
            throw new InvalidDataException("checksum or length differs");
    }

    private unsafe DeflateStream Deflate() => new(
        new UnmanagedMemoryStream(_archive.Start + Entry.DataOffset, Entry.CompressedBytes), CompressionMode.Decompress);

    private void Guard(Action inflate)
    {
        try
        {
            inflate();
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new CheckpointFormatException(
                _archive.Path, $"its compressed data is broken ({e.Message.TrimEnd('.')}); download or copy the file again", _name, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException(
                $"{_archive.Path}: {_name}: cannot be inflated into {_temporaryFolder}: {e.Message}", e);
        }
    }
}

using System.Buffers;
using System.IO.MemoryMappedFiles;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>A read-only memory-mapped file behind a pointer, so that offsets may exceed 2 GB.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;
    private bool _disposed;

    private MappedFile(string path, FileStream stream)
    {
        Path = path;
        Length = stream.Length;
        _map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        _view = _map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        _start += _view.PointerOffset;
    }

    internal string Path { get; }

    internal long Length { get; }

    /// <summary>The file's first byte. Valid until disposed.</summary>
    internal byte* Start
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _start;
        }
    }

    /// <summary>Maps a file.</summary>
    /// <exception cref="CheckpointFormatException">It is missing, empty or may not be read.</exception>
    internal static MappedFile Open(string path)
    {
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);
            if (stream.Length == 0)
                throw new CheckpointFormatException(path, "the file is empty; download or copy it again");
            return new MappedFile(path, stream);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CheckpointFormatException(path, "no such file; check the path", inner: e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CheckpointFormatException)
        {
            stream?.Dispose();
            throw e as CheckpointFormatException
                ?? new CheckpointFormatException(path, $"cannot be opened: {e.Message}", inner: e);
        }
    }

    /// <summary>Maps a temporary file that disappears with the mapping.</summary>
    internal static MappedFile Adopt(FileStream stream) => new(stream.Name, stream);

    /// <summary>Bytes of the file. The caller has checked the bounds against <see cref="Length"/>.</summary>
    internal ReadOnlySpan<byte> Span(long offset, int length) => new(Start + offset, length);

    /// <summary>The same as memory, which throws once the file is disposed.</summary>
    internal ReadOnlyMemory<byte> Memory(long offset, int length) => new Window(this, offset, length).Memory;

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }

    private sealed class Window(MappedFile file, long offset, int length) : MemoryManager<byte>
    {
        public override Span<byte> GetSpan() => new(file.Start + offset, length);

        public override MemoryHandle Pin(int elementIndex = 0) => new(file.Start + offset + elementIndex, pinnable: this);

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}

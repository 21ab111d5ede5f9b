using RefusalExplorer.Pipeline;

namespace RefusalExplorer.Data.Datasets;

/// <summary>Ends with an error after so many bytes, so that a small compressed file cannot fill the memory.</summary>
internal sealed class BoundedStream(Stream inner, string path, long limit) : Stream
{
    private long _read;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => _read; set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        int n = inner.Read(buffer);
        _read += n;
        return _read <= limit ? n : throw new PipelineException(
            $"{path}: more than {limit >> 20} MiB after decompression; split the file, or set a limit without a seed, which stops early");
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}

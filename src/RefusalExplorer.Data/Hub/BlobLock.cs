namespace RefusalExplorer.Data.Hub;

/// <summary>Holds a blob while it is fetched; the hub's own tools take the same lock (flock on the same file).</summary>
internal sealed class BlobLock : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private readonly FileStream _stream;

    private BlobLock(FileStream stream) => _stream = stream;

    public static async Task<BlobLock> AcquireAsync(string path, TimeProvider time, Action<string?> note, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        bool waited = false;
        while (true)
        {
            try
            {
                var held = new BlobLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
                if (waited)
                    note(null);
                return held;
            }
            catch (IOException e) when (!DiskFaults.IsFull(e) && File.Exists(path))
            {
                if (!waited)
                    note("another download is fetching this file; waiting for it");
                waited = true;
                await Task.Delay(Pause, time, cancellation).ConfigureAwait(false);
            }
        }
    }

    public void Dispose() => _stream.Dispose();
}

using System.Globalization;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Store;

/// <summary>Holds a store's folder for this process: two LiteDB engines on one file lose data without a word.</summary>
internal sealed class StoreLock : IDisposable
{
    private readonly FileStream _stream;

    private StoreLock(FileStream stream) => _stream = stream;

    /// <exception cref="StoreInUseException">Another process, or this one already, holds it.</exception>
    public static StoreLock Acquire(string folder, TimeProvider time)
    {
        // The holder's name is in a file of its own, since nobody else can read the locked one.
        string owner = Path.Combine(folder, "store.owner");
        FileStream stream;
        try
        {
            stream = new FileStream(Path.Combine(folder, "store.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new StoreInUseException(folder, ReadOwner(owner), e);
        }

        string started = time.GetUtcNow().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        File.WriteAllText(owner, $"process {Environment.ProcessId} ({AppDomain.CurrentDomain.FriendlyName}) since {started} UTC");
        return new StoreLock(stream);
    }

    public void Dispose() => _stream.Dispose();

    private static string ReadOwner(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "another process";
        }
    }
}

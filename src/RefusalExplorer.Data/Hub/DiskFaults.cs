namespace RefusalExplorer.Data.Hub;

/// <summary>What the operating system says when a disk is full.</summary>
internal static class DiskFaults
{
    private const int NoSpace = 28, QuotaExceeded = 122, WindowsDiskFull = unchecked((int)0x80070070), WindowsHandleDiskFull = unchecked((int)0x80070027);

    public static bool IsFull(Exception e) => e is IOException && e.HResult is NoSpace or QuotaExceeded or WindowsDiskFull or WindowsHandleDiskFull;
}

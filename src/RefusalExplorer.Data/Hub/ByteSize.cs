using System.Globalization;

namespace RefusalExplorer.Data.Hub;

/// <summary>Sizes for people.</summary>
public static class ByteSize
{
    /// <summary>"5.23 GB"; powers of ten, as the hub's pages count.</summary>
    public static string Text(long bytes) => bytes switch
    {
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.#} kB"),
        < 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.#} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.##} GB"),
    };
}

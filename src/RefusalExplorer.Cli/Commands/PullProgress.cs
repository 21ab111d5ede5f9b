using System.Globalization;
using RefusalExplorer.Data.Hub;

namespace RefusalExplorer.Cli.Commands;

/// <summary>Progress of a download: one line that is rewritten on a terminal, a line now and then in a log.</summary>
internal sealed class PullProgress(TextWriter error) : IProgress<HubProgress>, IDisposable
{
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);
    private readonly bool _terminal = !Console.IsErrorRedirected && ReferenceEquals(error, Console.Error);
    private readonly Lock _lock = new();
    private long? _logged;
    private int _filesDone = -1, _width;
    private string? _note;

    public void Report(HubProgress value)
    {
        lock (_lock)
        {
            if (_terminal)
                Rewrite(value);
            else
                Log(value);
        }
    }

    public void Dispose()
    {
        if (_terminal && _width > 0)
            error.WriteLine();
    }

    private void Rewrite(HubProgress value)
    {
        string line = Line(value);
        error.Write("\r" + line.PadRight(_width));
        _width = line.Length;
    }

    private void Log(HubProgress value)
    {
        bool news = value.Note is not null ? value.Note != _note : value.FilesDone != _filesDone;
        if (!news && _logged is { } last && TimeProvider.System.GetElapsedTime(last) < LogInterval)
            return;
        (_logged, _filesDone, _note) = (TimeProvider.System.GetTimestamp(), value.FilesDone, value.Note);
        error.WriteLine(Line(value));
    }

    private static string Line(HubProgress p)
    {
        if (p.Total == 0)
            return $"{p.Repo}  {p.Note ?? "asking what it holds"}";
        string share = (100.0 * p.Done / p.Total).ToString("0.0", CultureInfo.InvariantCulture);
        string rate = p.BytesPerSecond > 0 ? $"  {ByteSize.Text((long)p.BytesPerSecond)}/s" : "";
        string left = p.Remaining is { TotalSeconds: > 1 } r ? string.Create(CultureInfo.InvariantCulture, $"  {(int)r.TotalHours}:{r.Minutes:00}:{r.Seconds:00} left") : "";
        return $"{p.Repo}  {share}%  {ByteSize.Text(p.Done)} of {ByteSize.Text(p.Total)}  {p.FilesDone}/{p.Files} files{rate}{left}  {p.Note ?? p.File}";
    }
}

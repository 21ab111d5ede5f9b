namespace RefusalExplorer.Pipeline.Dashboards;

/// <summary>The form of a dashboard file, as <see cref="DashboardWriter"/> describes it.</summary>
internal static class DashboardFormat
{
    /// <summary>"RXFD".</summary>
    public const int Magic = 0x44465852;

    /// <summary>Raised with every change of the form; files of other versions are made anew.</summary>
    public const int Version = 1;

    /// <summary>Magic, version, footer's place and length.</summary>
    public const int HeadBytes = 24;

    public const string Extension = ".dashboards";
}

internal sealed record DashboardSection(long Place, long Bytes);

internal sealed record DashboardSections
{
    public required DashboardSection TextStarts { get; init; }

    public required DashboardSection Tokens { get; init; }

    public required DashboardSection Flags { get; init; }

    public required DashboardSection Counts { get; init; }

    public required DashboardSection Max { get; init; }

    public required DashboardSection Mean { get; init; }

    public required DashboardSection Places { get; init; }

    public DashboardSection Vocabulary { get; init; } = new(0, 0);
}

internal sealed record DashboardFooter(DashboardHeader Header, DashboardSections Sections);

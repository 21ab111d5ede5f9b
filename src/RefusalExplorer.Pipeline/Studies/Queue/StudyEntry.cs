using System.Globalization;
using System.Text;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>Where a study stands.</summary>
public enum StudyStatus
{
    /// <summary>It waits for those before it.</summary>
    Queued,

    /// <summary>It runs, here or in another process.</summary>
    Running,

    /// <summary>All its stages are done.</summary>
    Finished,

    /// <summary>It ended with an error.</summary>
    Failed,

    /// <summary>It was stopped, or its process went away; it goes on where it was.</summary>
    Stopped,
}

/// <summary>A study in the list of studies.</summary>
public sealed record StudyEntry
{
    /// <summary>Its id: a short form of its name and the fingerprint of its settings.</summary>
    public required string Id { get; init; }

    /// <summary>The definition.</summary>
    public required StudyDefinition Study { get; init; }

    /// <summary>Its folder.</summary>
    public required string Folder { get; init; }

    /// <summary>UTC time at which it was first started.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Where it stands.</summary>
    public StudyStatus Status { get; init; }

    /// <summary>Why it failed or stopped.</summary>
    public string? Reason { get; init; }

    /// <summary>Where it is, while it runs here.</summary>
    public StudyProgress? Progress { get; init; }

    /// <summary>What it has found, while it runs here.</summary>
    public StudyResult? Latest { get; init; }

    /// <summary>The files of its folder.</summary>
    public StudyFiles Files => new(Folder);

    /// <summary>The id of a definition: the same settings under the same name are the same study, wherever they are started.</summary>
    public static string IdOf(StudyDefinition study)
    {
        var slug = new StringBuilder();
        foreach (char c in study.Name.ToLowerInvariant())
        {
            if (char.IsAsciiLetterOrDigit(c))
                slug.Append(c);
            else if (slug.Length > 0 && slug[^1] != '-')
                slug.Append('-');
        }
        string name = slug.ToString().Trim('-');
        return string.Create(CultureInfo.InvariantCulture, $"{(name.Length == 0 ? "study" : name[..Math.Min(40, name.Length)])}-{study.Fingerprint}");
    }
}

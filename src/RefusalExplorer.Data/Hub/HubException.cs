using RefusalExplorer.Engine;

namespace RefusalExplorer.Data.Hub;

/// <summary>Why the hub did not give what it was asked for.</summary>
public enum HubFault
{
    /// <summary>The request itself is wrong: a name, a pattern, or nothing that can be used in the repository.</summary>
    Request,

    /// <summary>There is no such repository, or it is private.</summary>
    RepositoryNotFound,

    /// <summary>There is no such revision.</summary>
    RevisionNotFound,

    /// <summary>There is no such file.</summary>
    FileNotFound,

    /// <summary>The repository is gated and no token was found.</summary>
    TokenMissing,

    /// <summary>The hub does not know the token.</summary>
    TokenRejected,

    /// <summary>The repository is gated and its terms were not accepted by the token's owner.</summary>
    NotAccepted,

    /// <summary>Too many requests.</summary>
    RateLimited,

    /// <summary>The hub failed.</summary>
    Server,

    /// <summary>The hub cannot be reached.</summary>
    Offline,

    /// <summary>Not enough room for the files.</summary>
    DiskFull,

    /// <summary>What arrived is not what the hub listed.</summary>
    Damaged,
}

/// <summary>A download that cannot go on; the message is one line that says what, why and what to do.</summary>
public sealed class HubException(HubFault fault, string message, Exception? inner = null) : EngineException(message, inner)
{
    /// <summary>Why.</summary>
    public HubFault Fault { get; } = fault;
}

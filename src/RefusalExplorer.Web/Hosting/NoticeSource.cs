using RefusalExplorer.Data.Store;

namespace RefusalExplorer.Web.Hosting;

/// <summary>Something that the user must know and did not ask for (a repaired store, a missing setting).</summary>
public interface INoticeSource
{
    /// <summary>One line each.</summary>
    IEnumerable<string> Notices { get; }
}

/// <summary>What the store had to repair when it was opened.</summary>
internal sealed class StoreNoticeSource(LiteStore store) : INoticeSource
{
    public IEnumerable<string> Notices => store.Notices;
}

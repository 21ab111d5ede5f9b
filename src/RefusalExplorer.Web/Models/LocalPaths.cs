using RefusalExplorer.Data.Composition;
using RefusalExplorer.Web.Hosting.Security;

namespace RefusalExplorer.Web.Models;

/// <summary>Whether visitors may name files of this machine, and where their uploads go.</summary>
public sealed class LocalPaths(AppSettings settings, AccessPolicy access)
{
    /// <summary>As <see cref="ApiSettings.AllowPaths"/> says; by default only where nobody else is served.</summary>
    public bool Allowed => settings.Api.AllowPaths ?? !access.NeedsToken;

    /// <summary>A new folder for an upload; whoever asks for it deletes it.</summary>
    public string NewUploadFolder() =>
        Directory.CreateDirectory(Path.Combine(settings.ResolvedDataFolder, "uploads", Guid.NewGuid().ToString("N"))).FullName;
}

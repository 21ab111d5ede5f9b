using System.Collections.Immutable;
using System.Globalization;
using LiteDB;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Store;

/// <summary>Opens the database; a damaged file is put aside and the newest whole backup takes its place.</summary>
internal static class StoreRecovery
{
    public static LiteDatabase Open(StoreOptions options, StoreBackups backups, out ImmutableArray<string> notices)
    {
        notices = [];
        string damage;
        try
        {
            return StoreFile.OpenChecked(options.DatabasePath);
        }
        catch (InvalidDataException e) when (e.InnerException is UnauthorizedAccessException)
        {
            throw new StoreException($"{options.DatabasePath}: cannot be opened ({e.Message})", e);
        }
        catch (InvalidDataException e)
        {
            damage = e.Message;
        }

        string aside = backups.SetAside();
        foreach (string backup in backups.Files())
        {
            if (TryRestore(options, backup) is { } restored)
            {
                string at = StoreBackups.TimeOf(backup)?.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? Path.GetFileName(backup);
                notices = [$"{options.DatabasePath}: was damaged ({damage}), is kept as {aside}; restored the backup of {at} UTC, later changes are lost"];
                return restored;
            }
        }

        notices = [$"{options.DatabasePath}: was damaged ({damage}), is kept as {aside}; there is no whole backup, so the store starts empty"];
        return StoreFile.OpenChecked(options.DatabasePath);
    }

    private static LiteDatabase? TryRestore(StoreOptions options, string backup)
    {
        try
        {
            StoreBackups.Copy(backup, options.DatabasePath);
            return StoreFile.OpenChecked(options.DatabasePath);
        }
        catch (InvalidDataException)
        {
            File.Delete(options.DatabasePath);
            File.Delete(options.LogPath);
            return null;
        }
    }
}

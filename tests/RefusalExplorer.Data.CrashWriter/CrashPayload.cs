namespace RefusalExplorer.Data.CrashWriter;

/// <summary>A payload that follows from its run's id, so that the one who checks needs no copy: some small, some of several chunks.</summary>
public static class CrashPayload
{
    public static string For(string id)
    {
        var random = new Random(id.Aggregate(17, (hash, c) => unchecked(hash * 31 + c)));
        byte[] bytes = new byte[random.Next(20) == 0 ? 1_600_000 : random.Next(10, 8_000)];
        random.NextBytes(bytes);
        return $$"""{"id":"{{id}}","bytes":"{{Convert.ToBase64String(bytes)}}"}""";
    }
}

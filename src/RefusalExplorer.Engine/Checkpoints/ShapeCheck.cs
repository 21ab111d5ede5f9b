namespace RefusalExplorer.Engine.Checkpoints;

internal static class ShapeCheck
{
    /// <summary>Refuses a tensor whose shape is not the expected one; an empty expectation is none.</summary>
    /// <exception cref="CheckpointFormatException">The shapes differ; the message has both.</exception>
    internal static void Require(string location, string name, IReadOnlyList<long> found, ReadOnlySpan<long> expected)
    {
        long[] shape = [.. found];
        if (!expected.IsEmpty && !expected.SequenceEqual(shape))
        {
            throw new CheckpointFormatException(
                location, $"shape [{string.Join(", ", shape)}], expected [{string.Join(", ", expected.ToArray())}]", name);
        }
    }
}

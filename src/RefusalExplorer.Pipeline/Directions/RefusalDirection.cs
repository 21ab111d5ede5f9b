using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RefusalExplorer.Pipeline.Directions;

/// <summary>
/// A refusal vector with the place that it was read at. The place is a hook name, never a bare number: the paper's "layer 16" is
/// <c>blocks.16.hook_resid_pre</c>, the input of block 16, and the same tensor as <c>blocks.15.hook_resid_post</c>.
/// </summary>
public sealed record RefusalDirection
{
    private RefusalDirection()
    {
    }

    /// <summary>The vector [D] as it was computed (μ_harm − μ_safe), not normalised.</summary>
    public required ImmutableArray<float> Vector { get; init; }

    /// <summary>Hook that it was read at: <c>blocks.{l}.hook_resid_pre</c>.</summary>
    public required string HookName { get; init; }

    /// <summary>Token position that it was read at, counted from the prompt's end (−1 is the last token).</summary>
    public required int Position { get; init; }

    /// <summary>‖Vector‖₂.</summary>
    public required double Norm { get; init; }

    /// <summary>How it was made, one line.</summary>
    public required string Source { get; init; }

    /// <summary>Fingerprint of hook, position and vector: 16 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>The block whose input it was read at.</summary>
    public int Block => BlockOf(HookName);

    /// <summary>The unit vector, divided by norm + 1e-8 as the reference does.</summary>
    public ImmutableArray<float> Unit => [.. Vector.Select(x => (float)(x / (Norm + 1e-8)))];

    /// <summary>The hook name of a block's input.</summary>
    public static string HookOfBlock(int block) => string.Create(CultureInfo.InvariantCulture, $"blocks.{block}.hook_resid_pre");

    /// <summary>Makes a direction.</summary>
    /// <param name="vector">The vector [D].</param>
    /// <param name="hookName"><c>blocks.{l}.hook_resid_pre</c>, or <c>blocks.{l}.hook_resid_post</c>, which is the input of the next block.</param>
    /// <param name="position">Position from the end, negative.</param>
    /// <param name="source">How it was made.</param>
    /// <exception cref="PipelineException">The vector is empty, zero or not finite, the position is not negative, or the hook is not a residual stream.</exception>
    public static RefusalDirection Create(IEnumerable<float> vector, string hookName, int position, string source)
    {
        ImmutableArray<float> values = [.. vector];
        if (values.IsEmpty || !values.All(float.IsFinite))
            throw new PipelineException($"direction at {hookName}: expected finite numbers, found {values.Count(v => !float.IsFinite(v))} others among {values.Length}");
        double norm = Math.Sqrt(values.Sum(v => (double)v * v));
        if (norm == 0)
            throw new PipelineException($"direction at {hookName}: the vector is zero, so it has no direction; check that the two prompt sets differ");
        if (position >= 0)
            throw new PipelineException($"direction at {hookName}: position {position}; expected a negative number, counted from the prompt's end");
        string hook = HookOfBlock(BlockOf(hookName));
        return new RefusalDirection
        {
            Vector = values,
            HookName = hook,
            Position = position,
            Norm = norm,
            Source = source,
            Id = Fingerprint(values, hook, position),
        };
    }

    /// <inheritdoc/>
    public bool Equals(RefusalDirection? other) => other is not null && Id == other.Id && Source == other.Source;

    /// <inheritdoc/>
    public override int GetHashCode() => Id.GetHashCode(StringComparison.Ordinal);

    /// <summary>The block whose input a hook is.</summary>
    /// <exception cref="PipelineException">It is no residual stream's.</exception>
    public static int BlockOf(string hookName)
    {
        string[] parts = hookName.Split('.');
        if (parts is ["blocks", var number, "hook_resid_pre" or "hook_resid_post"] &&
            int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int block))
            return parts[2] == "hook_resid_post" ? block + 1 : block;
        throw new PipelineException($"hook '{hookName}': expected blocks.<l>.hook_resid_pre or blocks.<l>.hook_resid_post");
    }

    private static string Fingerprint(ImmutableArray<float> vector, string hook, int position)
    {
        byte[] bytes = new byte[vector.Length * sizeof(float)];
        for (int i = 0; i < vector.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), vector[i]);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{hook}|{position}|")));
        hash.AppendData(bytes);
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}

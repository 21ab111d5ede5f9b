using System.Globalization;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Models;

/// <summary>The places in a block where the residual stream can be read and edited, in the order in which they come.</summary>
public enum ResidualSite
{
    /// <summary><c>hook_resid_pre</c>: the block's input.</summary>
    Pre,

    /// <summary><c>hook_resid_mid</c>: after the attention write.</summary>
    Mid,

    /// <summary><c>hook_resid_post</c>: the block's output. SAEs sit here.</summary>
    Post,
}

/// <summary>Names of hook points as TransformerLens has them.</summary>
public static class HookPoints
{
    /// <summary><c>blocks.{layer}.hook_resid_pre</c>, <c>…_mid</c> or <c>…_post</c>.</summary>
    public static string Name(int layer, ResidualSite site) =>
        string.Create(CultureInfo.InvariantCulture, $"blocks.{layer}.hook_resid_{site.ToString().ToLowerInvariant()}");
}

/// <summary>Called at each hook point in order; returns the stream to go on with: the same tensor where nothing is changed.</summary>
/// <param name="layer">0-based block.</param>
/// <param name="site">Where in the block.</param>
/// <param name="resid_BTD">The residual stream.</param>
internal delegate Tensor ResidualHook(int layer, ResidualSite site, Tensor resid_BTD);

using RefusalExplorer.Engine.Models;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Kernels.Cuda;

/// <summary>The decoder block of <see cref="Block"/> by fused kernels; its hook points and its formulas are the same.</summary>
internal static unsafe class FusedBlock
{
    public static Tensor Forward(int layer, BlockParts parts, Tensor resid_BTD, FusedPass pass, ResidualHook hook)
    {
        FusedKernels kernels = pass.Kernels;
        resid_BTD = hook(layer, ResidualSite.Pre, resid_BTD);
        int rows = (int)resid_BTD.shape[0], tokens = rows * pass.Columns;
        pass.Reserve(tokens);
        void* stream = pass.Stream;

        kernels.Norm(DeviceMemory.Pointer(resid_BTD), parts.InputNorm, null, stream, tokens);
        kernels.Product(stream, parts.Qkv, pass.Qkv, tokens);
        kernels.Rotate(pass, layer, rows);
        kernels.Attend(pass, layer, rows);
        kernels.Product(pass.Mixed, parts.Output, stream, tokens);
        resid_BTD = hook(layer, ResidualSite.Mid, Write(kernels, resid_BTD, parts.PostAttentionNorm, stream, tokens));

        kernels.Norm(DeviceMemory.Pointer(resid_BTD), parts.PreMlpNorm, null, stream, tokens);
        kernels.Product(stream, parts.GateUp, pass.GateUp, tokens);
        kernels.Activate(pass.GateUp, pass.Activated, tokens);
        kernels.Product(pass.Activated, parts.Down, stream, tokens);
        return hook(layer, ResidualSite.Post, Write(kernels, resid_BTD, parts.PostMlpNorm, stream, tokens));
    }

    // The stream is a new tensor each time: hooks may keep what they were given.
    private static Tensor Write(FusedKernels kernels, Tensor resid_BTD, RmsNorm? norm, void* written, int tokens)
    {
        Tensor sum_BTD = empty_like(resid_BTD);
        void* resid = DeviceMemory.Pointer(resid_BTD), sum = DeviceMemory.Pointer(sum_BTD);
        if (norm is null)
            kernels.Add(resid, written, sum, tokens);
        else
            kernels.Norm(written, norm, resid, sum, tokens);
        return sum_BTD;
    }
}

/// <summary>A block's weights.</summary>
internal sealed record BlockParts(
    RmsNorm InputNorm, Linear Qkv, Linear Output, RmsNorm? PostAttentionNorm, RmsNorm PreMlpNorm, Linear GateUp, Linear Down, RmsNorm? PostMlpNorm);

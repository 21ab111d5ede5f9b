using TorchSharp;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Saes;

/// <summary>Some features' weights in SAELens orientation, float32, folds applied. S is the number of features in the block.</summary>
/// <param name="W_enc_DS">Encoder columns.</param>
/// <param name="b_enc_S">Encoder bias; null for gated.</param>
/// <param name="threshold_S">JumpReLU thresholds, never below 0, where relu gates anyway; null for other architectures.</param>
/// <param name="b_gate_S">Gate bias of gated SAEs.</param>
/// <param name="b_mag_S">Magnitude bias of gated SAEs.</param>
/// <param name="scale_mag_S">e^r_mag of gated SAEs.</param>
internal sealed record SaeBlock(
    Tensor W_enc_DS, Tensor? b_enc_S, Tensor? threshold_S, Tensor? b_gate_S, Tensor? b_mag_S, Tensor? scale_mag_S) : IDisposable
{
    /// <summary>The same block on a device, in the current dispose scope.</summary>
    public SaeBlock On(Device device) => Map(tensor => tensor.to(device));

    /// <summary>
    /// The same block on a device, outside every dispose scope: the caller disposes it. Each feature's encoder weights lie together in memory,
    /// as kernels read them; a product takes either order.
    /// </summary>
    public SaeBlock KeepOn(Device device) => Map(tensor =>
        (tensor.dim() == 2 && device.type == DeviceType.CUDA ? tensor.t().to(device).contiguous().t() : tensor.to(device).contiguous()).DetachFromDisposeScope());

    public void Dispose()
    {
        foreach (Tensor? tensor in (Tensor?[])[W_enc_DS, b_enc_S, threshold_S, b_gate_S, b_mag_S, scale_mag_S])
            tensor?.Dispose();
    }

    private SaeBlock Map(Func<Tensor, Tensor> change)
    {
        return new(change(W_enc_DS), Each(b_enc_S), Each(threshold_S), Each(b_gate_S), Each(b_mag_S), Each(scale_mag_S));

        Tensor? Each(Tensor? tensor) => tensor is null ? null : change(tensor);
    }
}

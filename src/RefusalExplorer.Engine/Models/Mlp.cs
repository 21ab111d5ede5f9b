using RefusalExplorer.Engine.Checkpoints;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Models;

/// <summary>down(act(gate(x)) · up(x)): SwiGLU for Llama, GeGLU (tanh form) for Gemma.</summary>
internal sealed class Mlp : IDisposable
{
    private readonly Linear gate_up_proj;
    private readonly Linear down_proj;
    private readonly bool _gelu;

    public Mlp(ModelConfig config, int layer, IWeightSource source, LoadTarget target)
    {
        string prefix = $"model.layers.{layer}.mlp.";
        gate_up_proj = Linear.Load(source, target, config.ModelDim,
            (prefix + "gate_proj.weight", config.MlpDim), (prefix + "up_proj.weight", config.MlpDim));
        down_proj = Linear.Load(source, target, config.MlpDim, (prefix + "down_proj.weight", config.ModelDim));
        _gelu = config.Family == ModelFamily.Gemma2;
    }

    public Tensor Forward(Tensor x_BTD)
    {
        Tensor both = gate_up_proj.Forward(x_BTD);
        long M = both.shape[2] / 2;
        Tensor gate = both.narrow(2, 0, M), up = both.narrow(2, M, M);
        Tensor activated = _gelu ? GeluTanh(gate) : nn.functional.silu(gate);
        return down_proj.Forward(activated.mul_(up));
    }

    public void Dispose()
    {
        gate_up_proj.Dispose();
        down_proj.Dispose();
    }

    // ½x(1 + tanh(√(2/π)(x + 0.044715x³))), in float32 as PyTorch's own kernel computes it.
    private static Tensor GeluTanh(Tensor x)
    {
        Tensor x32 = x.to(ScalarType.Float32);
        Tensor inner = (x32.pow(3).mul_(0.044715f)).add_(x32).mul_(0.7978845608028654f).tanh_().add_(1);
        return inner.mul_(x32).mul_(0.5f).to(x.dtype);
    }
}

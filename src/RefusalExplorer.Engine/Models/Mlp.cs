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

    /// <summary>Gate and up, stacked.</summary>
    public Linear GateUp => gate_up_proj;

    public Linear Down => down_proj;

    public Tensor Forward(Tensor x_BTD)
    {
        Tensor both = gate_up_proj.Forward(x_BTD);
        long M = both.shape[2] / 2;
        Tensor gate = both.narrow(2, 0, M), up = both.narrow(2, M, M);
        Tensor activated = _gelu ? gate.gelu(TorchSharp.Modules.GELU.Approximate.tanh) : nn.functional.silu(gate);
        return down_proj.Forward(activated.mul_(up));
    }

    public void Dispose()
    {
        gate_up_proj.Dispose();
        down_proj.Dispose();
    }
}

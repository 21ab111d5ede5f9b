using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Native;
using RefusalExplorer.Engine.Saes;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Tests.Saes;

/// <summary>Whether a feature fires must not depend on how many features are edited beside it, even exactly on its threshold.</summary>
public sealed class GateTests : IDisposable
{
    private const int D = 64, F = 512;
    private readonly SaeTestFiles _files = new();

    public GateTests() => TorchNative.EnsureLoaded();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(20)]
    public void Slices_OfAnyWidth_FireWhereTheWholeDictionaryDoes(int tokens)
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(tokens);
        Tensor x_ND = randn(tokens, D), W_DF = randn(D, F) / 8, b_F = randn(F) / 4;
        Write(W_DF, b_F, zeros(F));
        Tensor free_NF;
        using (Sae sae = Sae.Open(_files.Folder))
            free_NF = sae.Encode(x_ND, TestContext.Current.CancellationToken);
        // Every threshold is the first token's own pre-activation: the gate is closed there by a hair.
        Write(W_DF, b_F, free_NF[0]);
        using Sae onGate = Sae.Open(_files.Folder);
        Tensor whole_NF = onGate.Encode(x_ND, TestContext.Current.CancellationToken);
        Assert.Equal(0, whole_NF[0].count_nonzero().item<long>());

        foreach (int width in (int[])[1, 2, 3, 5, 8, 13, 16, 17, 40, 200])
        {
            for (int from = 0; from + width <= F; from += Math.Max(width, 7))
            {
                int[] features = [.. Enumerable.Range(from, width)];
                using SaeSlice slice = onGate.Slice(features, ScalarType.Float32, CPU);
                Tensor differs = slice.Encode(x_ND).ne(0).ne(whole_NF.narrow(1, from, width).ne(0));
                Assert.True(differs.sum().item<long>() == 0, $"{width} features from {from} on fire otherwise than in the whole dictionary");
            }
        }
    }

    private void Write(Tensor W_enc_DF, Tensor b_enc_F, Tensor threshold_F)
    {
        _files.Text("cfg.json", $$"""
            { "architecture": "jumprelu", "d_in": {{D}}, "d_sae": {{F}}, "apply_b_dec_to_input": false, "normalize_activations": "none", "dtype": "float32",
              "metadata": { "hook_name": "blocks.0.hook_resid_post", "model_name": "any" } }
            """);
        _files.Tensors(
            "sae_weights.safetensors",
            Data("W_enc", W_enc_DF), Data("b_enc", b_enc_F), Data("threshold", threshold_F), Data("W_dec", ones(F, D)), Data("b_dec", zeros(D)));
    }

    private static TensorData Data(string name, Tensor tensor) => new(name, tensor.contiguous().data<float>().ToArray(), tensor.shape);
}

using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Saes;

/// <summary>Work over a whole dictionary, a block of features at a time, so that memory does not grow with the dictionary.</summary>
internal sealed class SaeStream(SaeConfig config, SaeWeights weights)
{
    /// <summary>Bytes of one block's matrix in float32. Reading one on a GPU holds it twice.</summary>
    private const long BlockBytes = 16L << 20;

    /// <summary>Features of a block.</summary>
    public int BlockFeatures { get; init; } = FeaturesPerBlock(config);

    internal static int FeaturesPerBlock(SaeConfig config) =>
        (int)Math.Clamp(BlockBytes / (sizeof(float) * (long)config.InputDim), 1, config.Features);

    /// <summary>x [N, D] → z [N, F], float32 on the device of x.</summary>
    public Tensor Encode(Tensor x_ND, CancellationToken cancellation)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor input_ND = SaeMath.Input(config, x_ND, weights.b_dec().to(x_ND.device));
        Tensor z_NF = zeros([x_ND.shape[0], config.Features], ScalarType.Float32, x_ND.device);
        if (config.Architecture == SaeArchitecture.TopK)
        {
            (Tensor values_NK, Tensor indices_NK) = LargestPreactivations(input_ND, cancellation);
            z_NF.scatter_(1, indices_NK, values_NK.relu());
        }
        else
        {
            ForEachBlock(block =>
            {
                SaeBlock part = weights.Encoder(block).On(x_ND.device);
                z_NF.narrow(1, block[0], block.Length).copy_(SaeMath.Activations(config, part, input_ND));
            }, cancellation);
        }
        return z_NF.MoveToOuterDisposeScope();
    }

    /// <summary>x [N, D] → what is not zero of z [N, F]. The whole of z is never held.</summary>
    public SparseActivations EncodeSparse(Tensor x_ND, CancellationToken cancellation)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor input_ND = SaeMath.Input(config, x_ND, weights.b_dec().to(x_ND.device));
        if (config.Architecture == SaeArchitecture.TopK)
        {
            (Tensor values_NK, Tensor indices_NK) = LargestPreactivations(input_ND, cancellation);
            return SparseActivations.OfWinners(FeatureWeight.Rows(indices_NK, values_NK));
        }
        var gatherer = new SparseGatherer((int)x_ND.shape[0]);
        ForEachBlock(block =>
        {
            Tensor z_NS = SaeMath.Activations(config, weights.Encoder(block).On(x_ND.device), input_ND);
            using Tensor onCpu = z_NS.cpu().contiguous();
            gatherer.Take(TensorMemory.Floats(onCpu), block[0], block.Length);
        }, cancellation);
        return gatherer.Finish();
    }

    /// <summary>The k largest pre-activations of each row of the encoder's input [N, D] and their features: [N, k] twice.</summary>
    /// <remarks>Only the running k are kept from block to block.</remarks>
    public (Tensor Values_NK, Tensor Indices_NK) LargestPreactivations(Tensor input_ND, CancellationToken cancellation)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor best_NK = empty([input_ND.shape[0], 0], ScalarType.Float32, input_ND.device);
        Tensor indices_NK = empty([input_ND.shape[0], 0], ScalarType.Int64, input_ND.device);
        ForEachBlock(block =>
        {
            Tensor pre_NS = SaeMath.Preactivations(weights.Encoder(block).On(input_ND.device), input_ND);
            Tensor features_NS = Held.Range(block[0], block.Length, input_ND.device).expand(pre_NS.shape);
            Tensor all_N = cat([best_NK, pre_NS], 1);
            (Tensor values, Tensor positions) = all_N.topk((int)Math.Min(config.K!.Value, all_N.shape[1]), 1);
            Tensor features = cat([indices_NK, features_NS], 1).gather(1, positions);
            best_NK.Dispose();
            indices_NK.Dispose();
            (best_NK, indices_NK) = (values.MoveToOuterDisposeScope(), features.MoveToOuterDisposeScope());
        }, cancellation);
        return (best_NK.MoveToOuterDisposeScope(), indices_NK.MoveToOuterDisposeScope());
    }

    /// <summary>z [N, F] → Σ z·W_dec [N, D], float32 on the device of z.</summary>
    public Tensor Decode(Tensor z_NF)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor sum_ND = zeros([z_NF.shape[0], config.InputDim], ScalarType.Float32, z_NF.device);
        ForEachBlock(block =>
        {
            Tensor z_NS = z_NF.narrow(1, block[0], block.Length).to(ScalarType.Float32);
            sum_ND.addmm_(z_NS, weights.Decoder(block).to(z_NF.device));
        });
        return sum_ND.MoveToOuterDisposeScope();
    }

    /// <summary>The features whose decoder rows have the largest cosine with those of <paramref name="queries"/>, themselves left out.</summary>
    /// <returns>Cosines and features, [Q, k] twice, best first.</returns>
    public (Tensor Cosines_QK, Tensor Features_QK) NearestDecoderRows(int[] queries, int k, Device device, CancellationToken cancellation)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor unit_QD = Unit(weights.Decoder(queries).to(device));
        Tensor query_Q1 = tensor(queries.Select(q => (long)q).ToArray(), device: device).unsqueeze(1);
        Tensor best_QK = empty([queries.Length, 0], ScalarType.Float32, device), features_QK = empty([queries.Length, 0], ScalarType.Int64, device);
        ForEachBlock(block =>
        {
            Tensor features_QS = Held.Range(block[0], block.Length, device).unsqueeze(0).expand(queries.Length, block.Length);
            Tensor cosines_QS = unit_QD.mm(Unit(weights.Decoder(block).to(device)).t()).masked_fill_(features_QS.eq(query_Q1), Held.NegativeInfinity);
            Tensor all = cat([best_QK, cosines_QS], 1);
            (Tensor values, Tensor places) = all.topk((int)Math.Min(k, all.shape[1]), 1);
            Tensor features = cat([features_QK, features_QS], 1).gather(1, places);
            best_QK.Dispose();
            features_QK.Dispose();
            (best_QK, features_QK) = (values.MoveToOuterDisposeScope(), features.MoveToOuterDisposeScope());
        }, cancellation);
        return (best_QK.MoveToOuterDisposeScope(), features_QK.MoveToOuterDisposeScope());

        static Tensor Unit(Tensor W_dec_SD) => W_dec_SD / W_dec_SD.norm(-1, keepdim: true, p: 2f).clamp_min(SaeWeights.LeastNorm);
    }

    /// <summary>A number for every feature from its decoder row: W_dec rows [S, D] → [S].</summary>
    public float[] PerDecoderRow(Func<Tensor, Tensor> measure)
    {
        var result = new float[config.Features];
        ForEachBlock(block => measure(weights.Decoder(block)).cpu().data<float>().CopyTo(result.AsSpan(block[0])));
        return result;
    }

    private void ForEachBlock(Action<int[]> work, CancellationToken cancellation = default)
    {
        using IDisposable _ = no_grad();
        for (int start = 0; start < config.Features; start += BlockFeatures)
        {
            cancellation.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            work([.. Enumerable.Range(start, Math.Min(BlockFeatures, config.Features - start))]);
        }
    }
}

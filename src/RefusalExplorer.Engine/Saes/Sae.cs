using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RefusalExplorer.Engine.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Saes;

/// <summary>A sparse autoencoder on disk: memory-mapped, sliced by feature, and streamed in blocks where all features are needed.</summary>
/// <remarks>
/// F is its number of features, D the width of its input, N a number of tokens. Formulas are those of SAELens 6; LlamaScope factors are
/// applied as weights are read. Tensors in and results belong to the caller.
/// </remarks>
public sealed class Sae : IDisposable
{
    private readonly SaeWeights _weights;
    private readonly SaeStream _stream;

    internal Sae(string location, SaeConfig config, SaeWeights weights, int? blockFeatures = null)
    {
        (Location, Config, _weights) = (location, config, weights);
        _stream = blockFeatures is { } n ? new SaeStream(config, weights) { BlockFeatures = n } : new SaeStream(config, weights);
    }

    /// <summary>Opens any layout of FACTS "SAEs", recognised by its files; reads headers only.</summary>
    /// <param name="path">The folder, or the weights or configuration file in it.</param>
    /// <param name="rule">How LlamaScope gates; null is <see cref="SaeGatingRule.SaeLens"/>. Other layouts have no choice and ignore it.</param>
    /// <exception cref="CheckpointFormatException">Not an SAE, or a broken one: the message names file, tensor or field, expected and found.</exception>
    public static Sae Open(string path, SaeGatingRule? rule = null)
    {
        (SaeConfig config, SaeWeights weights) = SaeLayout.Open(path, rule ?? SaeGatingRule.SaeLens);
        return new Sae(path, config, weights);
    }

    /// <summary>Its form.</summary>
    public SaeConfig Config { get; }

    /// <summary>The path that it was opened from.</summary>
    public string Location { get; }

    /// <summary>SHA-256 over the configuration, the file's header and size, and the first bytes of every tensor: cheap.</summary>
    public string Fingerprint =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Config} {_weights.Fingerprint}")));

    /// <summary>Refuses a model or layer that this SAE visibly does not belong to.</summary>
    /// <param name="modelDim">Width of the model's residual stream.</param>
    /// <param name="layer">0-based layer that the SAE is configured for.</param>
    /// <param name="modelName">The model's name, if it has one; only a family, version or size that contradicts the SAE's own is refused.</param>
    /// <exception cref="CheckpointFormatException">Another width, layer, hook or model.</exception>
    public void CheckFits(int modelDim, int layer, string? modelName) => SaeFit.Check(Location, Config, modelDim, layer, modelName);

    /// <summary>Reads the columns of W_enc and rows of W_dec of some features onto a device.</summary>
    /// <param name="features">Distinct 0-based features, in the order wanted.</param>
    /// <param name="dtype">Type of the decoder rows, usually the model's; the encoder is float32 (see <see cref="SaeSlice"/>).</param>
    /// <param name="device">Where to.</param>
    /// <exception cref="EngineException">A feature does not exist or is listed twice.</exception>
    public SaeSlice Slice(IReadOnlyList<int> features, ScalarType dtype, Device device)
    {
        int[] distinct = [.. features];
        var seen = new HashSet<int>();
        foreach (int feature in distinct)
        {
            CheckExists(feature);
            if (!seen.Add(feature))
                throw new EngineException($"{Name(feature)}: listed twice; expected each feature once");
        }
        return new SaeSlice(Config, _weights, _stream, distinct, dtype, device);
    }

    /// <summary>Full encode, x [N, D] of any type → z [N, F], float32 on the device of x, in blocks of features.</summary>
    /// <exception cref="OperationCanceledException">Cancelled between two blocks.</exception>
    public Tensor Encode(Tensor x_ND, CancellationToken cancellation = default)
    {
        using IDisposable grad = no_grad();
        return _stream.Encode(x_ND, cancellation);
    }

    /// <summary>The same without the zeros, on the CPU: for passes over a corpus, where z [N, F] would not fit.</summary>
    /// <exception cref="OperationCanceledException">Cancelled between two blocks.</exception>
    public SparseActivations EncodeSparse(Tensor x_ND, CancellationToken cancellation = default)
    {
        using IDisposable grad = no_grad();
        return _stream.EncodeSparse(x_ND, cancellation);
    }

    /// <summary>z [N, F] → reconstruction [N, D] of the inputs x [N, D] (needed where inputs are normalised), float32.</summary>
    public Tensor Decode(Tensor z_NF, Tensor x_ND)
    {
        using IDisposable grad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor recon_ND = _stream.Decode(z_NF).Plus(_weights.b_dec().to(z_NF.device));
        return SaeMath.Output(Config, recon_ND, x_ND).MoveToOuterDisposeScope();
    }

    /// <summary>cos(direction, W_dec[f]) for every feature, [F]; 0 for a decoder row of zeros.</summary>
    /// <exception cref="EngineException">The direction has another width, or no length.</exception>
    public float[] DecoderCosines(ReadOnlySpan<float> direction)
    {
        if (direction.Length != Config.InputDim)
            throw new EngineException($"direction of width {direction.Length}: expected {Config.InputDim}, the width of the SAE {Location}");
        using IDisposable grad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor direction_D = tensor(direction.ToArray());
        Tensor norm = direction_D.norm();
        if (!(norm.item<float>() > 0))
            throw new EngineException("direction of norm 0 or not a number: expected a vector with a length, to compare features with");
        Tensor unit_D = direction_D / norm;
        return _stream.PerDecoderRow(W_dec_SD => W_dec_SD.mv(unit_D) / W_dec_SD.norm(-1, keepdim: false, p: 2f).clamp_min(SaeWeights.LeastNorm));
    }

    /// <summary>For each of some features the k others whose decoder rows have the largest cosine with its own, best first.</summary>
    /// <param name="features">0-based features; a few thousand at once are cheapest.</param>
    /// <param name="k">Neighbours of each; fewer where the dictionary is smaller.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="cancellation">Checked between blocks of the dictionary.</param>
    /// <exception cref="EngineException">A feature does not exist.</exception>
    public FeatureWeight[][] NearestByDecoder(IReadOnlyList<int> features, int k, Device device, CancellationToken cancellation = default)
    {
        foreach (int feature in features)
            CheckExists(feature);
        using IDisposable grad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        (Tensor cosines_QK, Tensor features_QK) = _stream.NearestDecoderRows([.. features], Math.Min(k, Config.Features - 1), device, cancellation);
        return FeatureWeight.Rows(features_QK, cosines_QK);
    }

    /// <summary>W_dec[f], [D]: what one unit of the feature's activation adds to the stream, before any undoing of input normalisation.</summary>
    /// <exception cref="EngineException">The feature does not exist.</exception>
    public float[] DecoderRow(int feature)
    {
        CheckExists(feature);
        using DisposeScope scope = NewDisposeScope();
        return _weights.Decoder([feature]).data<float>().ToArray();
    }

    /// <summary>W_dec of some features, [S, D], float32 on the CPU, in the current dispose scope.</summary>
    internal Tensor DecoderRows(IReadOnlyList<int> features)
    {
        foreach (int feature in features)
            CheckExists(feature);
        return _weights.Decoder([.. features]);
    }

    /// <summary>‖W_dec[f]‖ for every feature, [F].</summary>
    public float[] DecoderNorms() => _stream.PerDecoderRow(W_dec_SD => W_dec_SD.norm(-1, keepdim: false, p: 2f));

    /// <inheritdoc/>
    public void Dispose() => _weights.Dispose();

    private void CheckExists(int feature)
    {
        if (feature < 0 || feature >= Config.Features)
        {
            string owner = Config.Layer is { } layer ? string.Create(CultureInfo.InvariantCulture, $"layer {layer}") : $"the SAE {Location}";
            throw new EngineException($"{Name(feature)}: {owner} has {Config.Features} features (0–{Config.Features - 1})");
        }
    }

    private string Name(int feature) => Config.Layer is { } layer
        ? new FeatureId(layer, feature).ToString()
        : string.Create(CultureInfo.InvariantCulture, $"feature {feature}");
}

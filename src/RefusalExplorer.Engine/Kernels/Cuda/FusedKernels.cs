using System.Collections.Concurrent;
using RefusalExplorer.Engine.Models;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Kernels.Cuda;

/// <summary>
/// The kernels of <c>Kernels.cu</c> for one model in bfloat16 on a GPU. One call for each operator from C# costs more than the operators
/// themselves while a prompt is short; with a dozen launches a block and no tensor made between them the GPU is the limit again.
/// </summary>
internal sealed unsafe class FusedKernels : IDisposable
{
    private const int NormThreads = 256;
    private const int AttentionThreads = 256;
    private const int MapThreads = 256;
    private const int FewColumns = 8;
    private const int KeysPerTile = 32;
    private const int ColumnsPerGroup = 4;
    private const int BusyBlocks = 264; // two for each multiprocessor of an H100

    private static readonly ConcurrentDictionary<int, CudaModule> Modules = [];
    private readonly ModelConfig _config;
    private readonly CudaModule _module;
    private readonly CublasProduct _product;
    private readonly nint _norm, _add, _act, _rope, _few, _many, _encode, _decode;

    private FusedKernels(ModelConfig config, Device device)
    {
        _config = config;
        _module = Modules.GetOrAdd(config.HeadDim, head => new CudaModule(Source(), $"-DHEAD={head}"));
        _product = new CublasProduct(device);
        (_norm, _add, _act, _rope) = (_module.Function("rms_norm"), _module.Function("add"), _module.Function("act_mul"), _module.Function("rope_store"));
        (_few, _many) = (_module.Function("attention_few"), _module.Function("attention_many"));
        (_encode, _decode) = (_module.Function("edit_encode"), _module.Function("edit_decode"));
    }

    /// <summary>Kernels for a model, or null and why not; the model then runs operator by operator with the same numbers to rounding.</summary>
    public static FusedKernels? TryCreate(ModelConfig config, ScalarType dtype, Device device, out string outcome)
    {
        outcome = (device, dtype) switch
        {
            ({ type: not TorchSharp.DeviceType.CUDA }, _) => "on the CPU",
            ({ index: > 0 }, _) => "operator by operator: the fused kernels run on the first GPU only (CUDA_VISIBLE_DEVICES chooses it)",
            (_, not ScalarType.BFloat16) => "operator by operator: the fused kernels are for bfloat16",
            _ when Environment.GetEnvironmentVariable("REFUSAL_EXPLORER_KERNELS") == "off" => "operator by operator: REFUSAL_EXPLORER_KERNELS is off",
            _ when config.HeadDim is not (64 or 128 or 256) => $"operator by operator: heads are {config.HeadDim} wide; the fused kernels take 64, 128 or 256",
            _ => "",
        };
        if (outcome.Length > 0)
            return null;
        try
        {
            var kernels = new FusedKernels(config, device);
            outcome = $"fused kernels ({kernels._module.Architecture})";
            return kernels;
        }
        catch (EngineException e)
        {
            outcome = $"operator by operator: {e.Message}";
            return null;
        }
    }

    /// <summary>y [rows, N] = x [rows, K]·Wᵀ.</summary>
    public void Product(void* x, Linear linear, void* y, int rows) => _product.Run(x, DeviceMemory.Pointer(linear.Weight), y, rows, linear.N, linear.K);

    /// <summary>y = norm(x), plus <paramref name="resid"/> where there is one; all [rows, D].</summary>
    public void Norm(void* x, RmsNorm norm, void* resid, void* y, int rows)
    {
        void* gemma = norm.IsGemma ? DeviceMemory.Pointer(norm.Weight) : null, llama = norm.IsGemma ? null : DeviceMemory.Pointer(norm.Weight);
        int D = _config.ModelDim;
        float epsilon = norm.Epsilon;
        void** arguments = stackalloc void*[] { &x, &gemma, &llama, &resid, &y, &D, &epsilon };
        _module.Launch(_norm, (rows, 1, 1), NormThreads, 0, arguments);
    }

    /// <summary>y = a + b, [rows, D].</summary>
    public void Add(void* a, void* b, void* y, int rows)
    {
        long pairs = (long)rows * _config.ModelDim / 2;
        void** arguments = stackalloc void*[] { &a, &b, &y, &pairs };
        _module.Launch(_add, (Blocks(pairs, MapThreads), 1, 1), MapThreads, 0, arguments);
    }

    /// <summary>y [rows, M] = act(gate)·up from [rows, 2M].</summary>
    public void Activate(void* both, void* y, int rows)
    {
        int M = _config.MlpDim, gelu = _config.Family == ModelFamily.Gemma2 ? 1 : 0;
        void** arguments = stackalloc void*[] { &both, &y, &M, &gelu };
        _module.Launch(_act, (Blocks(M / 2, MapThreads), rows, 1), MapThreads, 0, arguments);
    }

    /// <summary>Rotary positions, and keys and values to where <see cref="Attend"/> reads them.</summary>
    public void Rotate(FusedPass pass, int layer, int rows)
    {
        void* qkv = pass.Qkv, cos = DeviceMemory.Pointer(pass.Rotary.Cos_SE), sin = DeviceMemory.Pointer(pass.Rotary.Sin_SE), padding = pass.Padding;
        void* keys = pass.Keys(layer), values = pass.Values(layer);
        int H = _config.Heads, K = _config.KeyValueHeads, past = pass.Past, capacity = pass.Capacity;
        void** arguments = stackalloc void*[] { &qkv, &cos, &sin, &padding, &keys, &values, &rows, &H, &K, &past, &capacity };
        _module.Launch(_rope, (pass.Columns, H + K + K, pass.KeyRows(rows)), _config.HeadDim / 2, 0, arguments);
    }

    /// <summary>Causal attention over what <see cref="Rotate"/> has stored, into <see cref="FusedPass.Mixed"/>.</summary>
    public void Attend(FusedPass pass, int layer, int rows)
    {
        void* qkv = pass.Qkv, keys = pass.Keys(layer), values = pass.Values(layer), padding = pass.Padding, mixed = pass.Mixed;
        int T = pass.Columns, H = _config.Heads, K = _config.KeyValueHeads, past = pass.Past, capacity = pass.Capacity;
        int window = _config.IsSliding(layer) ? _config.SlidingWindow!.Value : 0;
        float scale = (float)_config.QueryScale, cap = (float)(_config.AttentionSoftcap ?? 0);
        if (T < FewColumns)
        {
            void** few = stackalloc void*[] { &qkv, &keys, &values, &padding, &mixed, &H, &K, &past, &capacity, &window, &scale, &cap };
            _module.Launch(_few, (T, H, rows), AttentionThreads, 0, few);
            return;
        }
        int warps = AttentionThreads / 32;
        // Wide tiles read keys once for many queries; a short prompt alone is cut finer, so that more of the device works.
        int columns = (long)rows * K * Blocks(T, KeysPerTile) < BusyBlocks ? Math.Max(1, warps * K / H) : KeysPerTile;
        int shared = ((2 * KeysPerTile) + warps) * (_config.HeadDim + 2) * 2;
        void** many = stackalloc void*[] { &qkv, &keys, &values, &padding, &mixed, &T, &H, &K, &past, &capacity, &window, &scale, &cap, &columns };
        _module.Launch(_many, (Blocks(T, columns), K, rows), AttentionThreads, shared, many);
    }

    /// <summary>
    /// Applies feature edits: <paramref name="resid"/> [rows, T, D] → <paramref name="edited"/>, with the activations and their change
    /// [rows, T, S], and adds to the ledger [4, rows, S].
    /// </summary>
    public void Edit(in FusedEdit edit, Tensor resid, Tensor step, Tensor acts, Tensor delta, Tensor ledger, Tensor edited)
    {
        int rows = (int)resid.shape[0], T = (int)resid.shape[1], D = _config.ModelDim, S = (int)acts.shape[2];
        void* x = DeviceMemory.Pointer(resid), w = DeviceMemory.Pointer(edit.W_enc_SD), bias = DeviceMemory.Pointer(edit.b_enc_S);
        void* threshold = DeviceMemory.PointerOrNull(edit.threshold_S), center = DeviceMemory.PointerOrNull(edit.b_dec_D), s = DeviceMemory.Pointer(step);
        void* z = DeviceMemory.Pointer(acts), change = DeviceMemory.Pointer(delta), sums = DeviceMemory.Pointer(ledger);
        void** encode = stackalloc void*[] { &x, &w, &bias, &threshold, &center, &s, &z, &change, &sums, &T, &D, &S };
        _module.Launch(_encode, (S, rows, 1), 32 * Math.Clamp(Blocks(T, ColumnsPerGroup), 1, 8), 0, encode);
        void* decoder = DeviceMemory.Pointer(edit.W_dec_SD), y = DeviceMemory.Pointer(edited);
        void** decode = stackalloc void*[] { &x, &change, &decoder, &y, &D, &S };
        _module.Launch(_decode, (Blocks(D / 2, MapThreads), rows * T, 1), MapThreads, S * sizeof(float), decode);
    }

    public void Dispose() => _product.Dispose();

    private static int Blocks(long work, int each) => checked((int)((work + each - 1) / each));

    private static string Source()
    {
        using var reader = new StreamReader(typeof(FusedKernels).Assembly.GetManifestResourceStream("Kernels.cu")!);
        return reader.ReadToEnd();
    }
}

/// <summary>What an edit reads of an SAE slice, on the device: encoder rows and biases in float32, decoder rows in bfloat16.</summary>
/// <param name="W_enc_SD">Contiguous encoder rows.</param>
/// <param name="b_enc_S">Encoder bias.</param>
/// <param name="threshold_S">JumpReLU thresholds, or null for relu.</param>
/// <param name="b_dec_D">Taken from the input first, or null.</param>
/// <param name="W_dec_SD">Decoder rows.</param>
internal readonly record struct FusedEdit(Tensor W_enc_SD, Tensor b_enc_S, Tensor? threshold_S, Tensor? b_dec_D, Tensor W_dec_SD);

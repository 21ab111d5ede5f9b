namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>What <c>tokenizer.ggml.pre</c> names (llama.cpp <c>llama-vocab.cpp</c>).</summary>
/// <param name="Patterns">Applied one after another.</param>
/// <param name="IgnoreMerges">A word that is itself a piece is taken whole.</param>
/// <param name="AddsBos">Whether BOS is added where the file does not say.</param>
internal sealed record GgufPreTokenizer(string[] Patterns, bool IgnoreMerges = false, bool AddsBos = false)
{
    private const string Llama3 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string Qwen2 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static readonly GgufPreTokenizer LlamaForm = new([Llama3], IgnoreMerges: true, AddsBos: true);
    private static readonly GgufPreTokenizer DigitsForm = new([@"\p{N}", PreTokenizers.Gpt2Pattern]);

    private static readonly Dictionary<string, GgufPreTokenizer> Known = new(StringComparer.Ordinal)
    {
        ["default"] = new([PreTokenizers.Gpt2Pattern]),
        ["gpt-2"] = new([PreTokenizers.Gpt2Pattern]),
        ["smollm"] = DigitsForm,
        ["starcoder"] = DigitsForm,
        ["llama-bpe"] = LlamaForm,
        ["llama3"] = LlamaForm,
        ["llama-v3"] = LlamaForm,
        ["qwen2"] = new([Qwen2]),
    };

    internal static IEnumerable<string> Names => Known.Keys;

    internal static GgufPreTokenizer? Find(string name) => Known.GetValueOrDefault(name);

    internal PreTokenizer Build() => PreTokenizers.Sequence([
        .. Patterns.Select(p => PreTokenizers.Split(new TextPattern(p), SplitBehavior.Isolated, invert: false)),
        PreTokenizers.ByteLevel(addPrefixSpace: false, useRegex: false)]);
}

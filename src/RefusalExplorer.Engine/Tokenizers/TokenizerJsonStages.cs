using System.Text.Json;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>The normalizers and pre-tokenizers of a <c>tokenizer.json</c>.</summary>
internal sealed class TokenizerJsonStages(string path)
{
    internal Normalizer Normalizer(JsonElement? json)
    {
        if (json is not { } stage)
            return Normalizers.None;
        string type = stage.GetProperty("type").GetString()!;
        switch (type)
        {
            case "Sequence":
                return Normalizers.Sequence([.. stage.GetProperty("normalizers").EnumerateArray().Select(s => Normalizer(s))]);
            case "Replace":
                string content = stage.GetProperty("content").GetString()!;
                return stage.GetProperty("pattern").TryGetProperty("String", out JsonElement text)
                    ? Normalizers.Replace(text.GetString()!, content)
                    : Normalizers.Replace(Pattern(stage, "normalizer"), content);
            case "Prepend":
                return Normalizers.Prepend(stage.GetProperty("prepend").GetString()!);
            case "Lowercase":
                return Normalizers.Lowercase;
            case "Strip":
                return Normalizers.Strip(Flag(stage, "strip_left", true), Flag(stage, "strip_right", true));
            case "NFC" or "NFD" or "NFKC" or "NFKD":
                return Normalizers.Unicode(compatible: type.Contains('K', StringComparison.Ordinal), compose: type.EndsWith('C'));
            default:
                throw Unknown("normalizer", type, "Sequence, Replace, Prepend, Lowercase, Strip, NFC, NFD, NFKC, NFKD");
        }
    }

    internal PreTokenizer PreTokenizer(JsonElement? json)
    {
        if (json is not { } stage)
            return PreTokenizers.None;
        string type = stage.GetProperty("type").GetString()!;
        return type switch
        {
            "Sequence" => PreTokenizers.Sequence([.. stage.GetProperty("pretokenizers").EnumerateArray().Select(s => PreTokenizer(s))]),
            "ByteLevel" => PreTokenizers.ByteLevel(Flag(stage, "add_prefix_space", true), Flag(stage, "use_regex", true)),
            "Split" => PreTokenizers.Split(Pattern(stage, "pre_tokenizer"), Behavior(stage), Flag(stage, "invert", false)),
            "Digits" => PreTokenizers.Split(
                new TextPattern(@"\p{N}"), Flag(stage, "individual_digits", false) ? SplitBehavior.Isolated : SplitBehavior.Contiguous, false),
            "Metaspace" => Metaspace(stage),
            "Whitespace" => PreTokenizers.Split(new TextPattern(@"[\w\p{Me}\p{Nl}]+|[^\w\p{Me}\p{Nl}\s]+"), SplitBehavior.Removed, invert: true),
            "WhitespaceSplit" => PreTokenizers.Split(new TextPattern(@"\s"), SplitBehavior.Removed, invert: false),
            "Punctuation" => PreTokenizers.Split(new TextPattern(@"[\p{P}$+<=>^`|~]"), Behavior(stage), invert: false),
            _ => throw Unknown("pre_tokenizer", type, "Sequence, ByteLevel, Split, Digits, Metaspace, Whitespace, WhitespaceSplit, Punctuation"),
        };
    }

    internal TextPattern Pattern(JsonElement stage, string field)
    {
        JsonElement pattern = stage.GetProperty("pattern");
        bool literal = pattern.TryGetProperty("String", out JsonElement text);
        string source = (literal ? text : pattern.GetProperty("Regex")).GetString()!;
        try
        {
            return new TextPattern(literal ? System.Text.RegularExpressions.Regex.Escape(source) : RegexTranslation.ToDotNet(source));
        }
        catch (ArgumentException e)
        {
            throw new CheckpointFormatException(path, $"the pattern '{source}' cannot be matched here: {e.Message}", field, e);
        }
    }

    internal CheckpointFormatException Unknown(string field, string type, string expected) =>
        new(path, $"'{type}', expected one of {expected}", field);

    private static bool Flag(JsonElement stage, string name, bool otherwise) => TokenizerJson.Child(stage, name)?.GetBoolean() ?? otherwise;

    private SplitBehavior Behavior(JsonElement stage)
    {
        string name = TokenizerJson.Child(stage, "behavior")?.GetString() ?? nameof(SplitBehavior.Isolated);
        return Enum.TryParse(name, out SplitBehavior behavior) && Enum.IsDefined(behavior) && char.IsLetter(name[0])
            ? behavior
            : throw Unknown("pre_tokenizer.behavior", name, string.Join(", ", Enum.GetNames<SplitBehavior>()));
    }

    private PreTokenizer Metaspace(JsonElement stage)
    {
        string scheme = TokenizerJson.Child(stage, "prepend_scheme")?.GetString()
            ?? (Flag(stage, "add_prefix_space", true) ? "always" : "never");
        if (scheme is not ("always" or "first" or "never"))
            throw Unknown("pre_tokenizer.prepend_scheme", scheme, "always, first, never");
        string replacement = stage.GetProperty("replacement").GetString()!;
        return PreTokenizers.Metaspace(replacement, scheme, Flag(stage, "split", true));
    }
}

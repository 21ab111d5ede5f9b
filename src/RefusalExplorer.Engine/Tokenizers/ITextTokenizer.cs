namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>Text to ids and back, exactly as the model's own tokenizer (Hugging Face <c>tokenizers</c>) has it.</summary>
public interface ITextTokenizer
{
    /// <summary>Ids run from 0 to this, exclusive.</summary>
    int VocabularySize { get; }

    /// <summary>The beginning-of-sequence id that <see cref="Encode"/> puts first when asked for special tokens, or null.</summary>
    int? BosId { get; }

    /// <summary>The ids that are marked special (control tokens such as turn markers).</summary>
    IReadOnlySet<int> SpecialIds { get; }

    /// <summary>Ids of a text. Special tokens written in the text are recognised.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecial">Adds what the tokenizer's post-processor adds (BOS for Gemma and Llama, nothing for SmolLM2).</param>
    IReadOnlyList<int> Encode(string text, bool addSpecial);

    /// <summary>Text of ids; broken multi-byte characters become U+FFFD.</summary>
    string Decode(IEnumerable<int> ids, bool skipSpecial = false);

    /// <summary>The vocabulary's own form of a token (<c>▁the</c>, <c>Ġthe</c>, <c>&lt;bos&gt;</c>).</summary>
    /// <exception cref="EngineException">The id is outside the vocabulary.</exception>
    string Piece(int id);

    /// <summary>A decoder that is fed one id at a time and gives out only whole characters.</summary>
    IStreamDecoder CreateStreamDecoder(bool skipSpecial = true);
}

/// <summary>Decodes while generating; holds back bytes until a character is whole.</summary>
public interface IStreamDecoder
{
    /// <summary>The text that this id completes; empty while a character is incomplete.</summary>
    string Push(int id);

    /// <summary>What is still held back (U+FFFD for an incomplete character).</summary>
    string Flush();
}

/// <summary>One turn of a conversation.</summary>
/// <param name="Role"><c>system</c>, <c>user</c> or <c>assistant</c>.</param>
/// <param name="Content">Its text.</param>
public sealed record ChatMessage(string Role, string Content);

/// <summary>Turns a conversation into the text that the model was trained on.</summary>
public interface IChatTemplate
{
    /// <summary>Where the template is from: <c>model</c>, or the name of a preset.</summary>
    string Name { get; }

    /// <summary>The text of a conversation, with the markers that open the assistant's turn if asked for.</summary>
    /// <exception cref="EngineException">The template refuses the conversation (a system turn for Gemma, say).</exception>
    string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt = true);
}

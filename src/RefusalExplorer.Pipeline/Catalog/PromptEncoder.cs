using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Tokenizers;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Pipeline.Catalog;

/// <summary>Turns a prompt into ids: a template's text is encoded without adding BOS again, plain text with it.</summary>
public static class PromptEncoder
{
    /// <summary>The ids, and the text that was encoded (null where ids were given).</summary>
    /// <exception cref="EngineException">The model has no tokenizer or no template, the template refuses the conversation, or nothing was given.</exception>
    public static (ImmutableArray<int> Ids, string? Rendered) Encode(LanguageModel model, PromptSource source)
    {
        if (source.TokenIds is { } ids)
            return (ids, null);
        ITextTokenizer tokenizer = model.Tokenizer ?? throw new EngineException(
            $"{model.Spec.Name} has no tokenizer files beside its weights; give tokenIds instead of a text");
        if (source.Text is { } text)
            return ([.. tokenizer.Encode(text, addSpecial: true)], text);
        if (source.Messages.IsEmpty)
            throw new EngineException("no prompt: expected one of prompt, messages or tokenIds");
        IChatTemplate template = model.Template ?? throw new EngineException(
            $"{model.Spec.Name} has no chat template; choose a preset ({string.Join(", ", ChatTemplates.Presets)}) or give a plain prompt");
        string rendered = template.Render(source.Messages);
        // Templates that print BOS themselves are common, those that leave it to the tokenizer exist (the reference's forms).
        bool printsBos = tokenizer.BosId is { } bos && rendered.StartsWith(tokenizer.Piece(bos), StringComparison.Ordinal);
        return ([.. tokenizer.Encode(rendered, addSpecial: template.LeavesBosToTokenizer && !printsBos)], rendered);
    }

    /// <summary>Tokens as pages show them.</summary>
    public static ImmutableArray<TokenView> View(LanguageModel model, IEnumerable<int> ids) => [.. ids.Select(id => View(model, id))];

    /// <summary>A token as pages show it.</summary>
    public static TokenView View(LanguageModel model, int id) => model.Tokenizer is { } tokenizer
        ? new TokenView(id, tokenizer.Decode([id]), tokenizer.Piece(id), tokenizer.SpecialIds.Contains(id))
        : new TokenView(id, "", $"#{id}", false);
}

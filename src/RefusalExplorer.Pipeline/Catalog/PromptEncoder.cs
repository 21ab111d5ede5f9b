using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Tokenizers;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Pipeline.Catalog;

/// <summary>Turns a prompt into ids: plain text with BOS, but never a second one, whether a template or the text itself wrote it.</summary>
public static class PromptEncoder
{
    /// <summary>The ids, and the text that was encoded (null where ids were given).</summary>
    /// <exception cref="EngineException">The model has no tokenizer or no template, the template refuses the conversation, or nothing was given.</exception>
    public static (ImmutableArray<int> Ids, string? Rendered) Encode(LanguageModel model, PromptSource source)
    {
        if (source.TokenIds is { } ids)
            return (ids, null);
        // A text that writes BOS out has it already: a second one changes every number, and is never meant.
        bool writesBos = source.Text is { } text && model.Tokenizer is { BosId: { } bos } tokenizer && text.StartsWith(tokenizer.Piece(bos), StringComparison.Ordinal);
        return Encode(model.Spec.Name, model.Tokenizer, model.Template, source, addSpecial: !writesBos);
    }

    /// <summary>The ids of a text or a conversation, without a model, and the text that was encoded.</summary>
    /// <param name="name">Names the model in errors.</param>
    /// <param name="tokenizer">Its tokenizer, or null where it has none.</param>
    /// <param name="template">The template in force, or null where there is none.</param>
    /// <param name="source">A text or messages.</param>
    /// <param name="addSpecial">False: nothing is added around the text; markers that it holds are still recognised.</param>
    /// <exception cref="EngineException">There is no tokenizer or no template, the template refuses the conversation, or nothing was given.</exception>
    public static (ImmutableArray<int> Ids, string Rendered) Encode(
        string name, ITextTokenizer? tokenizer, IChatTemplate? template, PromptSource source, bool addSpecial = true)
    {
        if (tokenizer is null)
            throw new EngineException($"{name} has no tokenizer files beside its weights; give tokenIds instead of a text");
        if (source.Text is { } text)
            return ([.. tokenizer.Encode(text, addSpecial)], text);
        if (source.Messages.IsEmpty)
            throw new EngineException("no prompt: expected one of prompt, messages or tokenIds");
        if (template is null)
            throw new EngineException($"{name} has no chat template; choose a preset ({string.Join(", ", ChatTemplates.Presets)}) or give a plain prompt");
        string rendered = template.Render(source.Messages);
        // A model's own template prints BOS if the model wants it; the reference's presets leave it to the tokenizer. Never twice.
        bool printsBos = tokenizer.BosId is { } bos && rendered.StartsWith(tokenizer.Piece(bos), StringComparison.Ordinal);
        return ([.. tokenizer.Encode(rendered, addSpecial && template.Name != ChatTemplates.Model && !printsBos)], rendered);
    }

    /// <summary>Tokens as pages show them.</summary>
    public static ImmutableArray<TokenView> View(LanguageModel model, IEnumerable<int> ids) => [.. ids.Select(id => View(model, id))];

    /// <summary>A token as pages show it.</summary>
    public static TokenView View(LanguageModel model, int id) => model.Tokenizer is { } tokenizer
        ? new TokenView(id, tokenizer.Decode([id]), tokenizer.Piece(id), tokenizer.SpecialIds.Contains(id))
        : new TokenView(id, "", $"#{id}", false);
}

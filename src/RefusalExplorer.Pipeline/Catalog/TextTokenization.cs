using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Tokenizers;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Pipeline.Catalog;

/// <summary>Tokenizes texts and conversations as <c>tokenize</c> and the HTTP API answer them.</summary>
/// <param name="Name">Names the model in errors.</param>
/// <param name="Opened">Its tokenizer and template.</param>
/// <param name="AddSpecial">Whether BOS and the like are added around the text.</param>
public sealed record TextTokenization(string Name, OpenedTokenizer Opened, bool AddSpecial = true)
{
    /// <summary>The tokens of a text or a conversation.</summary>
    /// <exception cref="EngineException">There is no template, or it refuses the conversation.</exception>
    public TokenizeAnswer Run(PromptSource source)
    {
        ITextTokenizer tokenizer = Opened.Tokenizer;
        (ImmutableArray<int> ids, _) = PromptEncoder.Encode(Name, tokenizer, Opened.Template, source, AddSpecial);
        return new TokenizeAnswer(ids, [.. ids.Select(tokenizer.Piece)], [.. ids.Select(id => new TokenizedToken(id, tokenizer.Decode([id])))]);
    }
}

/// <summary>One text's tokens.</summary>
/// <param name="Ids">Token ids.</param>
/// <param name="Pieces">The vocabulary's own form of each.</param>
/// <param name="Tokens">Each id with its text.</param>
public sealed record TokenizeAnswer(ImmutableArray<int> Ids, ImmutableArray<string> Pieces, ImmutableArray<TokenizedToken> Tokens);

/// <summary>An id and its text.</summary>
/// <param name="Id">The id.</param>
/// <param name="Text">Its text; U+FFFD where it is part of a character.</param>
public sealed record TokenizedToken(int Id, string Text);

using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Pipeline.Analyses.Running;

/// <summary>Where a token stands in a chat prompt.</summary>
public enum TokenClass
{
    /// <summary>Position 0, an attention sink.</summary>
    First,

    /// <summary>The template's tokens before the instruction: turn markers, a system message.</summary>
    TemplateBefore,

    /// <summary>The instruction.</summary>
    Instruction,

    /// <summary>The template's tokens after it.</summary>
    TemplateAfter,

    /// <summary>The response.</summary>
    Generated,
}

/// <summary>How many tokens the template puts before and after an instruction, read off two instructions that share nothing.</summary>
/// <param name="Before">Tokens before.</param>
/// <param name="After">Tokens after.</param>
public sealed record TokenClasses(int Before, int After)
{
    /// <summary>The classes of a model's template; without one everything but the first token counts as instruction.</summary>
    public static TokenClasses Of(LanguageModel model)
    {
        if (model.Tokenizer is null || model.Template is null)
            return new TokenClasses(1, 0);
        ImmutableArray<int> a = Encode("Mountains rise"), b = Encode("seven old boats");
        return new TokenClasses(
            a.Zip(b).TakeWhile(p => p.First == p.Second).Count(),
            a.Reverse().Zip(b.Reverse()).TakeWhile(p => p.First == p.Second).Count());

        ImmutableArray<int> Encode(string text) => PromptEncoder.Encode(model, PromptSource.User(text)).Ids;
    }

    /// <summary>Class of a position in a prompt of that length.</summary>
    public TokenClass At(int position, int promptLength) => position switch
    {
        0 => TokenClass.First,
        _ when position >= promptLength => TokenClass.Generated,
        _ when position < Before => TokenClass.TemplateBefore,
        _ when position >= promptLength - After => TokenClass.TemplateAfter,
        _ => TokenClass.Instruction,
    };

    /// <summary>A class as pages write it.</summary>
    public static string Word(TokenClass tokenClass) => tokenClass switch
    {
        TokenClass.First => "first token",
        TokenClass.TemplateBefore => "template before",
        TokenClass.Instruction => "instruction",
        TokenClass.TemplateAfter => "template after",
        _ => "generated",
    };
}

/// <summary>Which tokens of a row an edit touches.</summary>
internal static class Scopes
{
    /// <summary>Whether the request's scope covers a position of a prompt.</summary>
    public static bool Covers(this AnalysisContext context, LanguageModel model, ImmutableArray<int> ids, int position, int promptLength) =>
        context.Scope.Covers(position, promptLength, position < ids.Length && (model.Tokenizer?.SpecialIds.Contains(ids[position]) ?? false));

    /// <summary>Largest activation over the tokens in scope; 0 where it is silent there.</summary>
    public static double MaxInScope(this AnalysisContext context, LanguageModel model, EncodedPrompt prompt, IReadOnlyDictionary<FeatureId, float[]> features, FeatureId feature)
    {
        float[] acts = features[feature];
        double max = 0;
        for (int t = 0; t < acts.Length; t++)
        {
            if (context.Covers(model, prompt.Ids, t, prompt.Ids.Length))
                max = Math.Max(max, acts[t]);
        }
        return max;
    }
}

using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Models;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Generation;

public sealed class TokenChoiceTests
{
    private static readonly int[] Prompt = [2, 17, 40, 99, 5, 63, 7];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void Choices_OfAPrompt_AreTheLogSoftmaxOfAllItsLogits()
    {
        using LanguageModel model = Golden.Model("llama31");
        ForwardResult result = model.Forward([PromptRow.Plain(Prompt)], new CaptureSpec { AllLogits = true, Choices = 2, TokenLosses = true }, Ct)[0];

        Assert.Equal(Prompt.Length - 1, result.Choices.Length);
        int V = model.Config.Vocabulary;
        for (int t = 0; t < result.Choices.Length; t++)
        {
            float[] logits = result.AllLogits.AsSpan(t * V, V).ToArray();
            double lse = Math.Log(logits.Sum(l => Math.Exp(l - logits.Max()))) + logits.Max();
            Assert.Equal(Prompt[t + 1], result.Choices[t].Token.Id);
            Assert.Equal(logits[Prompt[t + 1]] - lse, result.Choices[t].Token.LogProb, 1e-5);
            Assert.Equal(-result.TokenLosses![t], result.Choices[t].Token.LogProb, 1e-5);
            Assert.Equal(logits.Index().OrderByDescending(l => l.Item).Take(2).Select(l => l.Index), result.Choices[t].Top.Select(c => c.Id));
        }
    }

    [Fact]
    public void Choices_WhileGeneratingGreedily_HaveTheTokenItselfFirstToTheBit()
    {
        using LanguageModel model = Golden.Model("llama31");
        var streamed = new List<TokenChoice>();
        GenerationResult result = model.Generate(
            [PromptRow.Plain(Prompt)], new GenerationOptions { MaxNewTokens = 6, IgnoreEos = true, Choices = 1 }, t => streamed.Add(t.Choice!), cancellation: Ct)[0];

        Assert.Equal(result.Ids, result.Choices.Select(c => c.Token.Id));
        Assert.All(result.Choices, c => Assert.Equal(c.Token, c.Top[0]));
        Assert.Equal(result.Choices, streamed);
    }

    [Fact]
    public void Choices_LongerThanOneStretch_GoOnWhereItEnds()
    {
        using LanguageModel model = Golden.Model("llama31");
        int[] prompt = [.. Enumerable.Range(0, 70).Select(i => (i * 37) % 200)];
        ForwardResult result = model.Forward([PromptRow.Plain(prompt)], new CaptureSpec { Choices = 0 }, Ct)[0];
        Assert.Equal(prompt[1..], result.Choices.Select(c => c.Token.Id));
        Assert.All(result.Choices, c => Assert.True(c.Token.LogProb < 0 && c.Top.IsEmpty));
    }

    [Fact]
    public void Top_OfLogitsWithTies_PutsTheLowerIdFirst() =>
        Assert.Equal([1, 2, 4], Probability.Top([0f, 5f, 5f, 1f, 5f, 5f], 3).Select(t => t.Id));
}

using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Pipeline.Features;

/// <summary>A feature on each token of a text.</summary>
/// <param name="Tokens">Tokens, T.</param>
/// <param name="Activations">Its activation on each, T.</param>
public sealed record FeatureReading(ImmutableArray<TokenView> Tokens, ImmutableArray<float> Activations);

/// <summary>Reads a feature's activations on a text of the user's.</summary>
public sealed class FeatureProbe(EngineHost engine, ModelCatalog models)
{
    /// <summary>Most tokens of a text: it is read anew while one types.</summary>
    public const int MostTokens = 1024;

    /// <summary>Activations on a text, after its first token's own, an attention sink.</summary>
    /// <param name="model">A configured model's name.</param>
    /// <param name="feature">The feature.</param>
    /// <param name="text">The text.</param>
    /// <param name="chat">Whether it is a user's message in the chat template; else it is read as it is.</param>
    /// <param name="cancellation">Takes it out of the queue, or stops it between blocks.</param>
    /// <exception cref="EngineException">The text is too long, or the model or feature is not there.</exception>
    public Task<FeatureReading> ReadAsync(string model, FeatureId feature, string text, bool chat, CancellationToken cancellation = default)
    {
        ModelSpec spec = models.Resolve(model);
        PromptSource source = chat ? PromptSource.User(text) : new PromptSource { Text = text };
        return engine.RunAsync("try a feature", (session, ct) =>
        {
            LanguageModel loaded = session.Model(spec);
            ImmutableArray<int> ids = PromptEncoder.Encode(loaded, source).Ids;
            if (ids.Length > MostTokens)
                throw new PipelineException($"this text has {ids.Length} tokens; at most {MostTokens} are read here: shorten it");
            if (ids.IsEmpty)
                return new FeatureReading([], []);
            ForwardResult read = loaded.Forward([PromptRow.Plain(ids)], new CaptureSpec { Features = [feature] }, ct)[0];
            return new FeatureReading(PromptEncoder.View(loaded, ids), [.. read.Features[feature]]);
        }, cancellation: cancellation);
    }
}

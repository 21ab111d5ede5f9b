using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Tokenizers;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Api.Limits;

namespace RefusalExplorer.Web.Api.Resources;

/// <summary>Tokens of texts and conversations; the model itself is not needed.</summary>
internal static class TokenizeApi
{
    public static void MapTokenize(this IEndpointRouteBuilder api) =>
        api.MapPost("/tokenize", (TokenizeRequest request, TokenizerCache tokenizers, PathRule paths) =>
            {
                paths.Model(request.Model);
                if (request.Text is null == request.Messages is null)
                    throw new EngineException("tokenize: expected one of \"text\" and \"messages\"");
                PromptSource source = request.Messages is { } messages
                    ? new PromptSource { Messages = messages }
                    : request.Chat ? PromptSource.User(request.Text!) : new PromptSource { Text = request.Text };
                return new TextTokenization(request.Model, tokenizers.Get(request.Model, request.Template), request.AddSpecial).Run(source);
            })
            .WithName("tokenize").WithSummary("Ids and pieces of a text or a conversation");

    /// <summary>What to tokenize.</summary>
    internal sealed record TokenizeRequest
    {
        /// <summary>A configured name.</summary>
        public required string Model { get; init; }

        /// <summary>A text.</summary>
        public string? Text { get; init; }

        /// <summary>Whether <see cref="Text"/> is a user's turn for the chat template.</summary>
        public bool Chat { get; init; }

        /// <summary>A conversation for the chat template.</summary>
        public ImmutableArray<ChatMessage>? Messages { get; init; }

        /// <summary>Chat template preset; null: the model's own.</summary>
        public string? Template { get; init; }

        /// <summary>Whether BOS and the like are added around the text.</summary>
        public bool AddSpecial { get; init; } = true;
    }
}

using System.Runtime.CompilerServices;
using System.Threading.Channels;
using RefusalExplorer.Pipeline.Completions;

namespace RefusalExplorer.Web.Api.OpenAi;

/// <summary>Tokens on their way from the engine's thread to a client. It has begun only when the first token or the end is there, so that errors before it are plain error answers.</summary>
internal sealed class TokenStream
{
    private readonly Channel<CompletionToken> _tokens = Channel.CreateUnbounded<CompletionToken>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private Task<CompletionAnswer>? _answer;

    /// <summary>The whole answer, once the tokens have ended.</summary>
    public Task<CompletionAnswer> Answer => _answer ?? throw new InvalidOperationException("not begun");

    /// <summary>Starts the work and waits for its first token.</summary>
    /// <param name="work">Takes what to call for each token.</param>
    /// <param name="cancellation">The client is gone.</param>
    public async Task BeginAsync(Func<Action<CompletionToken>, Task<CompletionAnswer>> work, CancellationToken cancellation)
    {
        _answer = work(t => _tokens.Writer.TryWrite(t));
        _ = _answer.ContinueWith(
            done => _tokens.Writer.TryComplete(done.Exception?.InnerException), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        if (!await _tokens.Reader.WaitToReadAsync(cancellation))
            await _answer;
    }

    /// <summary>The tokens, one by one.</summary>
    public async IAsyncEnumerable<CompletionToken> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (CompletionToken token in _tokens.Reader.ReadAllAsync(cancellation))
            yield return token;
    }
}

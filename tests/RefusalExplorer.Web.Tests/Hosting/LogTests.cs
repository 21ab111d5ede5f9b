using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Runs;
using RefusalExplorer.Web.Tests.Api;
using Xunit;

namespace RefusalExplorer.Web.Tests.Hosting;

/// <summary>What people ask a model is nobody's business who reads the log.</summary>
public sealed class LogTests
{
    private const string Secret = "xyzzy-7341-plugh";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Prompts_StayOutOfTheLog_WhicheverWayTheyCome_AndWhateverGoesWrong()
    {
        using var log = new Lines();
        await using ApiServer api = await ApiServer.StartAsync(configure: services =>
        {
            services.AddSingleton<ILoggerProvider>(log);
            services.AddSingleton<IExperimentRunner, ExperimentRunner>();
        });
        var chat = new[] { new { role = "user", content = Secret } };
        string[] answers =
        [
            // An answer with the prompt in it shows that the model had it.
            (await api.PostAsync("/v1/completions", new { model = "tiny", prompt = Secret, max_tokens = 1, echo = true })).Text,
            (await api.PostAsync("/v1/chat/completions", new { model = "tiny", messages = chat, max_tokens = 4, stream = true })).Text,
            (await api.PostAsync("/v1/chat/completions", new { model = "tiny", messages = chat, unknown_field = Secret })).Text,
            (await api.PostAsync("/api/v1/probe", $$"""{ "model": "tiny", "prompt": "{{Secret}}", "device": "{{Secret}}" }""")).Text,
            (await api.GetAsync($"/?prompt={Secret}&q={Secret}")).Text,
            (await api.GetAsync($"/api/v1/experiments/{Secret}")).Text,
        ];
        Assert.Contains(Secret, answers[0], StringComparison.Ordinal);

        // As the Explore page starts it: the page's address holds the prompt.
        ExperimentRuns runs = api.Server.Services.GetRequiredService<ExperimentRuns>();
        var request = new ExperimentRequest { Model = "tiny", Prompt = PromptSource.User(Secret) };
        LiveRun<ExperimentState> good = await runs.StartAsync(request, "a prompt", $"?prompt={Secret}");
        await good.Completion.WaitAsync(Ct);
        Assert.True(good.Status == LiveStatus.Finished, good.Error);
        api.Server.Runs.OnSave = run => { if (run.Status != RunStatus.Running) throw new StoreException("the disk is full"); };
        LiveRun<ExperimentState> unstored = await runs.StartAsync(request with { Direction = $"/{Secret}" }, "a prompt", $"?prompt={Secret}");
        await unstored.Completion.WaitAsync(Ct);

        Assert.Contains(log.All, l => l.Contains("could not be stored", StringComparison.Ordinal));
        Assert.DoesNotContain(log.All, l => l.Contains(Secret, StringComparison.OrdinalIgnoreCase));
    }

    private sealed class Lines : ILoggerProvider
    {
        public ConcurrentQueue<string> All { get; } = new();

        public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

        public void Dispose()
        {
        }

        private sealed class Logger(Lines lines, string category) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
                lines.All.Enqueue($"{logLevel} {category} {formatter(state, exception)} {exception}");
        }
    }
}

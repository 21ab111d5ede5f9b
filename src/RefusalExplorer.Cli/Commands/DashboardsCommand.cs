using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using RefusalExplorer.Pipeline.Dashboards;

namespace RefusalExplorer.Cli.Commands;

/// <summary><c>dashboards</c>: what a corpus tells of a model's features; stopped, it goes on where it was.</summary>
internal static class DashboardsCommand
{
    public static Command Create(CommandFactory factory)
    {
        var model = new Argument<string>("MODEL") { Description = "A configured model's name, or the path of a checkpoint" };
        var corpus = new Option<string?>("--corpus") { Description = "JSON lines with \"text\"; without it, the demo model's own" };
        var layers = new Option<int[]>("--layers") { Description = "Only these layers", AllowMultipleArgumentsPerToken = true };
        var tokens = new Option<long?>("--tokens") { Description = "Read whole texts until this many tokens" };
        var context = new Option<int>("--context") { Description = "Tokens of a text that are read", DefaultValueFactory = _ => new DashboardSettings().ContextTokens };
        var examples = new Option<int>("--examples") { Description = "Examples kept of a feature", DefaultValueFactory = _ => new DashboardSettings().Examples };
        return factory.Create(
            "dashboards", "Makes the dashboards of a model's features from a corpus", [model, corpus, layers, tokens, context, examples],
            async (command, cancellation) =>
            {
                var request = new DashboardRequest
                {
                    Model = command.Arguments.GetRequiredValue(model),
                    Corpus = command.Arguments.GetValue(corpus),
                    Layers = [.. command.Arguments.GetValue(layers) ?? []],
                    Settings = new DashboardSettings
                    {
                        MaxTokens = command.Arguments.GetValue(tokens),
                        ContextTokens = command.Arguments.GetValue(context),
                        Examples = command.Arguments.GetValue(examples),
                    },
                };
                DashboardReport report = await command.Session.Get<DashboardRunner>()
                    .RunAsync(request, new ProgressLines(command), cancellation).ConfigureAwait(false);
                if (command.Json)
                    command.WriteJson(report);
                else
                    Write(command, report, command.Session.Get<DashboardLibrary>().Folder);
                return ExitCode.Ok;
            });
    }

    private static void Write(CommandContext command, DashboardReport report, string folder)
    {
        command.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{report.Model}: {report.Features} features at layers {string.Join(", ", report.Layers)} over {report.Texts} texts, {report.Tokens} tokens"));
        command.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  {report.Silent} never fired; {report.Bytes / 1e6:0.0} MB in {folder}; {report.Seconds:0.0} s{(report.ResumedAtText > 0 ? $", went on at text {report.ResumedAtText}" : "")}"));
    }

    /// <summary>A line on stderr for each new phase, and every two seconds.</summary>
    private sealed class ProgressLines(CommandContext command) : IProgress<DashboardProgress>
    {
        private readonly Stopwatch _sinceLine = Stopwatch.StartNew();
        private readonly DashboardPace _pace = new(TimeProvider.System);
        private string _phase = "";

        public void Report(DashboardProgress value)
        {
            _pace.Add(value);
            if (value.Phase == _phase && _sinceLine.Elapsed < TimeSpan.FromSeconds(2))
                return;
            _phase = value.Phase;
            _sinceLine.Restart();
            string pace = _pace.Text(value) is { } text ? $" · {text}" : "";
            command.Log(string.Create(CultureInfo.InvariantCulture, $"{100 * value.Fraction,3:0} %  {value.Phase}: {value.Done} of {value.Total} {value.Unit}{pace}"));
        }
    }
}

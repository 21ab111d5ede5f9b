using System.CommandLine;
using System.Globalization;
using RefusalExplorer.Data.Explanations;

namespace RefusalExplorer.Cli.Commands;

/// <summary><c>import-explanations FILES…</c>: Neuronpedia's bulk files into the store; stopped, it goes on where it was.</summary>
internal static class ImportExplanationsCommand
{
    private const int FaultsShown = 20;

    public static Command Create(CommandFactory factory)
    {
        var files = new Argument<string[]>("FILES")
        {
            Description = "Explanation files (.jsonl or .jsonl.gz), folders of them, or names with *",
            Arity = ArgumentArity.OneOrMore,
        };
        var again = new Option<bool>("--again") { Description = "Reads files again that were imported before" };
        return factory.Create(
            "import-explanations", "Imports Neuronpedia's bulk files of explanations; resumes, and passes over what is there", [files, again],
            async (context, cancellation) =>
            {
                ImportReport report = await context.Session.Get<ExplanationImporter>().ImportAsync(
                    context.Arguments.GetRequiredValue(files), context.Arguments.GetValue(again), new ProgressLines(context), cancellation).ConfigureAwait(false);
                foreach (ImportFault fault in report.Faults.Take(FaultsShown))
                    context.Log(fault.ToString());
                if (report.Broken + report.Unfinished > FaultsShown)
                    context.Log($"and {report.Broken + report.Unfinished - FaultsShown} more lines left out");
                if (context.Json)
                    context.WriteJson(report);
                else
                    context.WriteLine(Text(report));
                return report.Unfinished > 0 || (report.Rows == 0 && report.Broken > 0) ? ExitCode.BadInput : ExitCode.Ok;
            });
    }

    private static string Text(ImportReport report) => string.Create(CultureInfo.InvariantCulture,
        $"{report.Rows:N0} explanations from {report.Files - report.Skipped} files in {report.Seconds:0.0} s{(report.Skipped > 0 ? $"; {report.Skipped} files were imported before" : "")}{(report.Broken > 0 ? $"; {report.Broken:N0} broken lines left out" : "")}");

    /// <summary>A line on stderr every two seconds.</summary>
    private sealed class ProgressLines(CommandContext context) : IProgress<ImportProgress>
    {
        private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
        private long? _last;

        public void Report(ImportProgress value)
        {
            if (_last is { } last && TimeProvider.System.GetElapsedTime(last) < Interval)
                return;
            _last = TimeProvider.System.GetTimestamp();
            string left = value.Remaining is { } r ? string.Create(CultureInfo.InvariantCulture, $", {r.TotalSeconds:0} s left") : "";
            context.Log(string.Create(CultureInfo.InvariantCulture,
                $"{100.0 * value.BytesDone / Math.Max(1, value.Bytes),3:0} %  {value.Rows:N0} explanations, {value.RowsPerSecond:N0} a second, file {Math.Min(value.FilesDone + 1, value.Files)} of {value.Files}{left}"));
        }
    }
}

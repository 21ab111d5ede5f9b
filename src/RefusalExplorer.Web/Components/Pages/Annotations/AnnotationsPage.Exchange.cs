using System.Globalization;
using Microsoft.AspNetCore.Components.Forms;
using RefusalExplorer.Data.Annotations;
using RefusalExplorer.Pipeline.Annotations;
using RefusalExplorer.Web.Annotations;
using RefusalExplorer.Web.Components.Controls;

namespace RefusalExplorer.Web.Components.Pages.Annotations;

/// <content>Files of annotations, in and out.</content>
public sealed partial class AnnotationsPage
{
    private const long LargestFile = 64L << 20;
    private const int FaultsShown = 3;

    // All of the model's, also those of SAEs that do not run now: the file says which each belongs to.
    private Task ExportAsync(bool csv, bool history)
    {
        IEnumerable<AnnotationRow> rows = history ? AnnotationRow.Of(Book.History(_model.Query.Model)) : AnnotationRow.Of(Book.Current(_model.Query.Model));
        string name = $"annotations-{_model.Query.Model}{(history ? "-history" : "")}";
        return csv
            ? Browser.DownloadAsync(name + ".csv", Exports.CsvType, AnnotationExports.Csv(rows, history))
            : Browser.DownloadAsync(name + ".jsonl", AnnotationExports.JsonLinesType, AnnotationExports.JsonLines(rows));
    }

    private async Task ImportAsync(InputFileChangeEventArgs e)
    {
        string ending = Path.GetExtension(e.File.Name).ToLowerInvariant();
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}{(ending is ".csv" ? ".csv" : ending is ".jsonl" ? ".jsonl" : ".other")}");
        try
        {
            if (e.File.Size > LargestFile)
            {
                _error = $"{e.File.Name}: {e.File.Size >> 20} MB; expected at most {LargestFile >> 20}: split it";
                return;
            }
            await using (FileStream file = File.Create(path))
                await e.File.OpenReadStream(LargestFile).CopyToAsync(file);
            AnnotationImportReport? report = null;
            if (!await TryAsync(async () =>
            {
                var (annotations, faults) = await Task.Run(() => AnnotationFile.Read(path));
                report = await Importer.SaveAsync(annotations, faults);
            }))
            {
                return;
            }
            _said = string.Create(CultureInfo.InvariantCulture, $"{e.File.Name}: {report!.Added} annotations added{(report.History > 0 ? $", {report.History} undone ones to their history" : "")}, {report.Known} known already, {report.Older} older than what is here.");
            if (!report.Faults.IsEmpty)
                _error = $"{report.Faults.Length} rows left out: {string.Join("; ", report.Faults.Take(FaultsShown))}{(report.Faults.Length > FaultsShown ? "; …" : "")}";
            Take();
        }
        catch (IOException fault)
        {
            _error = $"{e.File.Name}: cannot be read: {fault.Message.Split('\n')[0]}";
        }
        finally
        {
            File.Delete(path);
        }
    }
}

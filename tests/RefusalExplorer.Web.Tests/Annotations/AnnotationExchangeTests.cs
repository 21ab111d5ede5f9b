using System.Collections.Immutable;
using RefusalExplorer.Data.Annotations;
using RefusalExplorer.Data.Store;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Annotations;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Annotations;
using Xunit;

namespace RefusalExplorer.Web.Tests.Annotations;

public sealed class AnnotationExchangeTests : IDisposable
{
    private static readonly FeatureColumns Columns = new([new LayerColumns(8, 50, "sae8"), new LayerColumns(10, 50, "sae10")]);
    private static readonly FeatureId[] Three = [new(8, 1), new(8, 2), new(10, 3)];
    private readonly string _folder = Directory.CreateTempSubdirectory("refusal-explorer-annotations-").FullName;
    private readonly Clock _clock = new();

    private static CancellationToken Ct => Xunit.TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task History_ThroughAFile_IsTheSameElsewhere_AndTwiceChangesNothing(bool csv)
    {
        using LiteStore here = Open("here"), there = Open("there");
        LiteAnnotationStore from = new(here), to = new(there);
        await FillAsync(new AnnotationBook(from, _clock));
        ImmutableArray<AnnotationRevision> written = from.History(new AnnotationQuery { Model = "demo" });

        var (read, faults) = AnnotationFile.Read(Save(AnnotationRow.Of(written), csv, history: true));
        AnnotationImportReport first = await new AnnotationImport(to).SaveAsync(read, faults, Ct);
        AnnotationImportReport second = await new AnnotationImport(to).SaveAsync(read, faults, Ct);

        Assert.Empty(faults);
        Assert.Equal(written.Select(Text), to.History(new AnnotationQuery { Model = "demo" }).Select(Text));
        Assert.Equal(Now(from), Now(to));
        Assert.Equal((written.Length - 1, 1), (first.Added, first.History));
        Assert.Equal((0, 0, written.Length), (second.Added, second.History, second.Known));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Annotations_ThroughAFile_AreTheSameElsewhere(bool csv)
    {
        using LiteStore here = Open("here"), there = Open("there");
        LiteAnnotationStore from = new(here), to = new(there);
        AnnotationBook book = new(from, _clock);
        await FillAsync(book);

        var (read, faults) = AnnotationFile.Read(Save(AnnotationRow.Of(book.Current("demo")), csv, history: false));
        await new AnnotationImport(to).SaveAsync(read, faults, Ct);

        // What was withdrawn is in the history alone.
        Assert.Equal(Now(from).Where(a => !a.Contains("L8-2", StringComparison.Ordinal)), Now(to));
        Assert.Equal(3, Now(to).Length);
    }

    [Fact]
    public async Task Csv_RunsNoFormula_WhateverAnAnnotatorWrites()
    {
        using LiteStore here = Open("here");
        AnnotationBook book = new(new LiteAnnotationStore(here), _clock);
        foreach (string start in new[] { "=", "+", "-", "@", "\t=", "\r=", "\n=", "'=" })
            await book.SaveAsync("demo", Columns, [Three[0]], start + "cmd", new AnnotationDraft([start + "label"], start + "notes"), Ct);

        // The fields of a record, unquoted: a spreadsheet looks at each one's first character.
        string csv = AnnotationExports.Csv(AnnotationRow.Of(book.Current("demo")), history: false);
        string[] fields = [.. csv.Split("\r\n").Skip(1).SelectMany(line => line.Split(',')).Select(f => f.StartsWith('"') ? f[1..] : f).Where(f => f.Length > 0)];

        Assert.Contains("'+notes", fields);
        Assert.Contains("''=notes", fields);
        Assert.DoesNotContain(fields, f => f[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n');
    }

    // Every kind of change, in texts that a spreadsheet or a parser might trip over.
    private static async Task FillAsync(AnnotationBook book)
    {
        await book.SaveAsync("demo", Columns, Three, "=Ada", new AnnotationDraft(["Legal", "-Morality"], "'=HYPERLINK(\"x\")\n@", 0.25), Ct);
        await book.SaveAsync("demo", Columns, [Three[0]], "=Ada", new AnnotationDraft(["Misc."], "+"), Ct);
        await book.SaveAsync("demo", Columns, [Three[1]], "=Ada", new AnnotationDraft([], ""), Ct);
        await book.SaveAsync("demo", Columns, [Three[0]], "Bob", new AnnotationDraft([], "only \tnotes"), Ct);
        await book.SaveAsync("demo", Columns, [Three[2]], "Bob", new AnnotationDraft(["None"]), Ct);
        await book.UndoAsync("demo", "Bob", Ct);
    }

    private LiteStore Open(string name) => LiteStore.Open(new StoreOptions { Folder = Path.Combine(_folder, name) }, _clock);

    private string Save(IEnumerable<AnnotationRow> rows, bool csv, bool history)
    {
        string path = Path.Combine(_folder, csv ? "annotations.csv" : "annotations.jsonl");
        File.WriteAllText(path, csv ? AnnotationExports.Csv(rows, history) : AnnotationExports.JsonLines(rows));
        return path;
    }

    private static string[] Now(LiteAnnotationStore store) => [.. store.List(new AnnotationQuery()).Select(a => Text(new AnnotationRevision(0, a, null)))];

    private static string Text(AnnotationRevision r) =>
        $"{r.Number} {r.Annotation.Key} {string.Join('|', r.Annotation.Labels)} {r.Annotation.Notes} {r.Annotation.Confidence} {r.Annotation.At:O} {r.UndoneAt:O}";

    private sealed class Clock : TimeProvider
    {
        private DateTimeOffset _now = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => _now = _now.AddSeconds(1);
    }
}

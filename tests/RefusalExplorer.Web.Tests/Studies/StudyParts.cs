using Bunit;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Data.Datasets;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Directions;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Reports;
using RefusalExplorer.Web.Studies;
using RefusalExplorer.Web.Tests.Analyses;
using RefusalExplorer.Web.Tests.Fakes;

namespace RefusalExplorer.Web.Tests.Studies;

/// <summary>What the studies' pages stand on: the real queue and files, a store in memory, and an engine that waits until it is told to go.</summary>
internal sealed class StudyParts : IStudyEngines, IStudyEngine, IStudyDirections, IDisposable
{
    private readonly AnalysisParts _analyses = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("studies-pages-");

    public StudyParts()
    {
        Library = new StudyLibrary(Store, new MemoryDocuments(), null!, _folder.FullName);
        Reader = new StudyPromptReader(new DatasetReader());
        Service = new StudyService(Library, new StudyRunner(Reader, this), this, TimeProvider.System);
    }

    /// <summary>People's verdicts.</summary>
    public HumanVerdicts Humans => _analyses.Humans;

    private StudyOverrides Overrides => new(Humans);

    public MemoryRunStore Store { get; } = new();

    public StudyLibrary Library { get; }

    public StudyPromptReader Reader { get; }

    public StudyService Service { get; }

    public string Folder => _folder.FullName;

    /// <summary>What the engine answers with instead of waiting.</summary>
    public Exception? Fault { get; set; }

    public void AddTo(BunitServiceProvider services)
    {
        services.AddSingleton(Service);
        services.AddSingleton<IStudyPromptReader>(Reader);
        services.AddSingleton(Overrides);
        services.AddSingleton<StudyDesk>();
        services.AddSingleton(_analyses.Runs);
        services.AddSingleton(new StudyReports(Library, _analyses.Runs, _analyses.Catalog, Overrides, TimeProvider.System));
        services.AddSingleton<IExploreCatalog>(new FakeExploreCatalog());
    }

    /// <summary>Puts a stored study on the list; its id.</summary>
    public string List(string name, StudyStatus status = StudyStatus.Finished, string? reason = null)
    {
        StudyEntry entry = FinishedStudies.Entry(name) with { Status = status, Reason = reason };
        Library.SaveAsync(entry).GetAwaiter().GetResult();
        return entry.Id;
    }

    public IStudyEngine Open(StudyDefinition study) => study.Model == "demo" ? this : throw new EngineException($"model '{study.Model}': expected demo");

    public async Task<T> RunAsync<T>(string what, Func<IStudyModel, CancellationToken, T> work, CancellationToken cancellation)
    {
        if (Fault is { } fault)
            throw fault;
        await Task.Delay(Timeout.Infinite, cancellation);
        throw new InvalidOperationException("it waits for ever");
    }

    public RefusalDirection Read(string pathOrId, string? hook, int position) => throw new EngineException("no directions here");

    public void Dispose()
    {
        Service.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _folder.Delete(recursive: true);
        _analyses.Dispose();
    }
}

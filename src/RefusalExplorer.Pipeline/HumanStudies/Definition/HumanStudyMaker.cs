using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Dashboards;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>Makes studies of what there is: taxonomy runs for labels, dashboards for texts, explanations if there are any.</summary>
public sealed class HumanStudyMaker(
    IRunStore runs, DashboardLibrary dashboards, ModelCatalog models, HumanStudyService studies, TimeProvider time, IExplanationStore? explanations = null)
{
    private const int MostRuns = 50;
    private const int LongestTitle = 80;

    /// <summary>Finished taxonomy runs, newest first.</summary>
    public ImmutableArray<RunHeader> Sources() =>
        runs.List(new RunQuery { Kind = TaxonomyPool.RunKind, Status = RunStatus.Finished, Take = MostRuns }).Items;

    /// <summary>Layers of a model that have dashboards: only their features have texts to show.</summary>
    public ImmutableArray<int> LayersWithTexts(string model) => dashboards.Layers(model);

    /// <summary>Picks a study's items and keeps nothing, so that they can be looked at first.</summary>
    /// <param name="runId">The taxonomy run.</param>
    /// <param name="title">The study's name.</param>
    /// <param name="settings">How many of each.</param>
    /// <exception cref="EngineException">There is no such run, a setting makes no sense, or no feature has a text to show.</exception>
    public HumanStudy Draft(string runId, string title, HumanStudySettings settings)
    {
        title = title.Trim();
        if (title.Length is 0 or > LongestTitle)
            throw new PipelineException($"human study, title: {title.Length} characters; expected 1 to {LongestTitle}");
        settings.Validate();
        if (!runs.TryGet(runId, out StoredRun? run) || run.Header.Status != RunStatus.Finished)
            throw new PipelineException($"run '{runId}': there is no finished run of that id; expected one of the analysis 'taxonomy'");
        AnalysisResult result = AnalysisJson.Read<AnalysisResult>(run.Payload, $"run {runId}");
        TaxonomyPool pool = TaxonomyPool.Read(result, settings.LeastShare);
        string[] harmless = [.. DemoPrompts.Read("harmless", "train").Items.Select(p => p.Instruction)];
        return new HumanStudyBuilder(pool, settings, f => Texts(pool.Model, f, settings.Examples), harmless, f => Explanation(pool.Model, f))
            .Build(Guid.CreateVersion7().ToString("N"), title, time.GetUtcNow());
    }

    /// <summary>Picks a study's items and keeps it.</summary>
    /// <exception cref="EngineException">As <see cref="Draft"/>.</exception>
    public async Task<HumanStudy> CreateAsync(string runId, string title, HumanStudySettings settings, CancellationToken cancellation = default)
    {
        HumanStudy study = Draft(runId, title, settings);
        await studies.CreateAsync(study, cancellation).ConfigureAwait(false);
        return study;
    }

    private ImmutableArray<BlindExample> Texts(string model, FeatureId feature, int count) =>
        dashboards.TryOpen(model, feature.Layer) is { } layer && feature.Index < layer.Header.Features
            ? [.. layer.Read(feature.Index).Examples.Take(count).Select(BlindExamples.Of)]
            : [];

    // An explanation of another SAE's feature would mislead: it is left out where that is known.
    private string? Explanation(string model, FeatureId feature) =>
        explanations is not null && models.Models.FirstOrDefault(m => m.Name == model) is { } configured &&
        ExplainedSaes.Of(configured, feature.Layer) is { Same: not false } explained
            ? explanations.ForFeature(explained.Model, explained.Source, feature.Index).FirstOrDefault()?.Text
            : null;
}

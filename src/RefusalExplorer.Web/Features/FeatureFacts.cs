using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Dashboards;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Web.Features;

/// <summary>What is known of a feature without the engine.</summary>
public sealed record FeatureFacts
{
    /// <summary>Its dashboard, or null where none was made.</summary>
    public FeatureDashboard? Dashboard { get; init; }

    /// <summary>Where the dashboard comes from.</summary>
    public DashboardHeader? Source { get; init; }

    /// <summary>Why the dashboard cannot be read, one line, or null.</summary>
    public string? DashboardProblem { get; init; }

    /// <summary>The SAE that Neuronpedia explains for its layer, or null.</summary>
    public ExplainedSae? Explained { get; init; }

    /// <summary>Explanations that are here.</summary>
    public ImmutableArray<Explanation> Explanations { get; init; } = [];

    /// <summary>Studies that found it.</summary>
    public ImmutableArray<(StudyEntry Study, StudyOccurrence Where)> Studies { get; init; } = [];
}

/// <summary>Gathers what is known of a feature.</summary>
public sealed class FeatureFactsReader(DashboardLibrary dashboards, FeatureExplanations explanations, StudyFeatures studies)
{
    /// <summary>Reads all of it; what fails says so, and the rest is there.</summary>
    public FeatureFacts Read(string model, FeatureId feature)
    {
        var facts = new FeatureFacts
        {
            Explained = explanations.Sae(model, feature.Layer),
            Explanations = explanations.Of(model, feature),
            Studies = [.. Occurrences(model, feature)],
        };
        try
        {
            return dashboards.TryOpen(model, feature.Layer) is { } file
                ? facts with { Dashboard = file.Read(feature.Index), Source = file.Header }
                : facts;
        }
        catch (PipelineException e)
        {
            return facts with { DashboardProblem = e.Message };
        }
    }

    private IEnumerable<(StudyEntry, StudyOccurrence)> Occurrences(string model, FeatureId feature)
    {
        foreach (StudyEntry study in studies.Of(model))
        {
            StudyOccurrence? where = null;
            try
            {
                where = studies.In(study.Id).GetValueOrDefault(feature);
            }
            catch (PipelineException)
            {
                // The study's own page says what is wrong with its files.
            }
            if (where is not null)
                yield return (study, where);
        }
    }
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using RefusalExplorer.Data.Datasets;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.ActivationStatistics;
using RefusalExplorer.Pipeline.Analyses.AttackSuccess;
using RefusalExplorer.Pipeline.Analyses.BenignRefusals;
using RefusalExplorer.Pipeline.Analyses.BosClamp;
using RefusalExplorer.Pipeline.Analyses.CausalLinks;
using RefusalExplorer.Pipeline.Analyses.Controls;
using RefusalExplorer.Pipeline.Analyses.CosineByLayer;
using RefusalExplorer.Pipeline.Analyses.CrossEntropy;
using RefusalExplorer.Pipeline.Analyses.DoseResponse;
using RefusalExplorer.Pipeline.Analyses.JudgeAgreement;
using RefusalExplorer.Pipeline.Analyses.KlCost;
using RefusalExplorer.Pipeline.Analyses.KTokens;
using RefusalExplorer.Pipeline.Analyses.LinearProbe;
using RefusalExplorer.Pipeline.Analyses.Overlap;
using RefusalExplorer.Pipeline.Analyses.Redundancy;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Responses;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Analyses.Sparsity;
using RefusalExplorer.Pipeline.Analyses.Taxonomy;
using RefusalExplorer.Pipeline.Datasets;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Data.Composition;

/// <summary>The paper's analyses, in the order in which pages and reports show them, and the judges.</summary>
internal static class AnalysisServices
{
    public static IServiceCollection AddAnalyses(this IServiceCollection services)
    {
        services.TryAddSingleton<IDatasetReader>(_ => new DatasetReader());
        return services
            .AddSingleton<IAnalysis, AttackSuccessAnalysis>()
            .AddSingleton<IAnalysis, ControlsAnalysis>()
            .AddSingleton<IAnalysis, JudgeAgreementAnalysis>()
            .AddSingleton<IAnalysis, CosineByLayerAnalysis>()
            .AddSingleton<IAnalysis, RedundancyAnalysis>()
            .AddSingleton<IAnalysis, CausalLinksAnalysis>()
            .AddSingleton<IAnalysis, LinearProbeAnalysis>()
            .AddSingleton<IAnalysis, KTokensAnalysis>()
            .AddSingleton<IAnalysis, TaxonomyAnalysis>()
            .AddSingleton<IAnalysis, ActivationStatisticsAnalysis>()
            .AddSingleton<IAnalysis, OverlapAnalysis>()
            .AddSingleton<IAnalysis, SparsityAnalysis>()
            .AddSingleton<IAnalysis, BosClampAnalysis>()
            .AddSingleton<IAnalysis, DoseResponseAnalysis>()
            .AddSingleton<IAnalysis, KlCostAnalysis>()
            .AddSingleton<IAnalysis, CrossEntropyAnalysis>()
            .AddSingleton<IAnalysis, BenignRefusalsAnalysis>()
            .AddSingleton<AnalysisCatalog>()
            .AddSingleton<HumanVerdicts>()
            .AddSingleton<ResponseJudges>()
            .AddSingleton<HumanOverrides>()
            .AddSingleton<StudyRequests>()
            .AddSingleton<AnalysisRunner>()
            .AddSingleton<IAnalysisRunner>(provider => provider.GetRequiredService<AnalysisRunner>());
    }
}

using System.Collections.Immutable;
using Microsoft.Extensions.Configuration;
using RefusalExplorer.Data.Judging;
using RefusalExplorer.Data.Neuronpedia;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Catalog;

namespace RefusalExplorer.Data.Composition;

/// <summary>The section <c>RefusalExplorer</c> of appsettings.json; environment variables (<c>RefusalExplorer__DataFolder</c>) win over it.</summary>
public sealed class AppSettings
{
    /// <summary>Name of the section.</summary>
    public const string Section = "RefusalExplorer";

    /// <summary>Folder of the store, dashboards and studies; null: the user's data folder.</summary>
    public string? DataFolder { get; set; }

    /// <summary>Classifiers that judge responses to harmful prompts; none unless named.</summary>
    public sealed class JudgeSettings
    {
        /// <summary>A configured model's name or a path: the HarmBench classifier (<c>cais/HarmBench-Llama-2-13b-cls</c>).</summary>
        public string? HarmBench { get; set; }

        /// <summary>A configured model's name or a path: Llama Guard 2 or 3.</summary>
        public string? LlamaGuard { get; set; }

        /// <summary>An OpenAI-compatible endpoint; off unless named.</summary>
        public EndpointJudgeSettings Endpoint { get; set; } = new();
    }

    /// <summary>Settings of the engine.</summary>
    public EngineSettings Engine { get; set; } = new();

    /// <summary>Who may use it.</summary>
    public AccessSettings Access { get; set; } = new();

    /// <summary>Limits of the HTTP API.</summary>
    public ApiSettings Api { get; set; } = new();

    /// <summary>What is measured.</summary>
    public TelemetrySettings Telemetry { get; set; } = new();

    /// <summary>The model hub; what is left out is as its own environment variables have it.</summary>
    public HubSettings Hub { get; set; } = new();

    /// <summary>Neuronpedia, which explains features of public SAEs.</summary>
    public NeuronpediaSettings Neuronpedia { get; set; } = new();

    /// <summary>Judges beside the detectors.</summary>
    public JudgeSettings Judges { get; set; } = new();

    /// <summary>Models beside those that are known without settings; one of the same name changes what it names.</summary>
    public IList<ModelSettings> Models { get; } = [];

    /// <summary>The known models, changed by the settings of the same name, then the settings' own.</summary>
    /// <exception cref="EngineException">An entry is wrong, or a name occurs twice.</exception>
    public ImmutableArray<ConfiguredModel> ConfiguredModels()
    {
        if (Models.GroupBy(m => m.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new EngineException($"settings, Models: '{twice.Key}' occurs {twice.Count()} times; expected each name once");
        ConfiguredModel[] own = [.. Models.Select(m => m.ToModel(KnownModels.All.FirstOrDefault(k => k.Name == m.Name)))];
        return
        [
            .. KnownModels.All.Select(k => own.FirstOrDefault(m => m.Name == k.Name) ?? k),
            .. own.Where(m => KnownModels.All.All(k => k.Name != m.Name)),
        ];
    }

    /// <summary><see cref="DataFolder"/>, or its default.</summary>
    public string ResolvedDataFolder => DataFolder ?? Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "refusal-explorer");

    /// <summary>Reads the section.</summary>
    /// <exception cref="EngineException">A name in it is unknown, or a value does not fit.</exception>
    public static AppSettings Read(IConfiguration configuration)
    {
        var settings = new AppSettings();
        try
        {
            configuration.GetSection(Section).Bind(settings, o => o.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException e)
        {
            throw new EngineException($"settings, section {Section}: {(e.InnerException ?? e).Message}", e);
        }
        return settings;
    }
}

/// <summary>Settings of the engine.</summary>
public sealed class EngineSettings
{
    /// <summary>Pieces of work that may wait.</summary>
    public int QueueCapacity { get; set; } = 64;

    /// <summary>Folder of an installed PyTorch (<c>…/site-packages/torch</c>) to run on instead of the packaged LibTorch.</summary>
    public string? TorchInstallation { get; set; }

    /// <summary>CPU threads; null: LibTorch's own choice.</summary>
    public int? Threads { get; set; }
}

/// <summary>The model hub.</summary>
public sealed class HubSettings
{
    /// <summary>Its address; null: <c>HF_ENDPOINT</c>, or the public hub.</summary>
    public string? Endpoint { get; set; }

    /// <summary>Its cache; null: <c>HF_HUB_CACHE</c>, <c>HF_HOME/hub</c> or <c>~/.cache/huggingface/hub</c>.</summary>
    public string? CacheFolder { get; set; }
}

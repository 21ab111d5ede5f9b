using System.Globalization;
using RefusalExplorer.Data.Hub;
using RefusalExplorer.Data.Inventory;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Pipeline.Catalog;

namespace RefusalExplorer.Web.Models;

/// <summary>The Models page's words.</summary>
public static class ModelTexts
{
    /// <summary>"Gemma 2 · 26 layers · width 2304 · vocabulary 256,000".</summary>
    public static string Form(ModelConfig config) => string.Create(CultureInfo.InvariantCulture,
        $"{(config.Family == ModelFamily.Gemma2 ? "Gemma 2" : "Llama")} · {config.Layers} layers · width {config.ModelDim} · vocabulary {config.Vocabulary:N0} · context {config.MaxPositions:N0}");

    /// <summary>"JumpReLU · 65,536 features · L0 72".</summary>
    public static string Form(SaeFacts sae)
    {
        if (sae.Config is not { } config)
            return sae.L0 is { } only ? $"L0 {only}" : "";
        string rule = config.Architecture switch
        {
            SaeArchitecture.JumpRelu => "JumpReLU",
            SaeArchitecture.TopK => string.Create(CultureInfo.InvariantCulture, $"TopK, k {config.K}"),
            SaeArchitecture.Gated => "gated",
            _ => "ReLU",
        };
        string gate = config.GatingRule switch
        {
            SaeGatingRule.SaeLens => ", gate t·s (SAELens)",
            SaeGatingRule.SaeLens5102 => ", gate t (SAELens ≤ 5.10.2)",
            SaeGatingRule.OpenMoss => ", gate t (OpenMOSS)",
            _ => "",
        };
        string l0 = sae.L0 is { } mean ? string.Create(CultureInfo.InvariantCulture, $" · L0 {mean}") : "";
        return string.Create(CultureInfo.InvariantCulture, $"{rule}{gate} · {config.Features:N0} features{l0}");
    }

    /// <summary>Where the explanations come from, and whether they are this SAE's.</summary>
    public static (string Text, string Kind) Explained(ExplainedSae explained) => explained.Same switch
    {
        true => ("this SAE", "ok"),
        false => ("another SAE", "warn"),
        null => ("not known", ""),
    };

    /// <summary>How far a download is.</summary>
    public static string Progress(HubProgress p)
    {
        if (p.Total == 0)
            return p.Note ?? $"Asking what {p.Repo} holds";
        string note = p.Note is null ? "" : $" · {p.Note}";
        return string.Create(CultureInfo.InvariantCulture,
            $"{p.Repo}: {ByteSize.Text(p.Done)} of {ByteSize.Text(p.Total)} · {p.FilesDone} of {p.Files} files{note}");
    }

    /// <summary>"12.3 MB/s · 4 min left", or null while nothing moves.</summary>
    public static string? Rate(HubProgress p) => p.BytesPerSecond > 0
        ? $"{ByteSize.Text((long)p.BytesPerSecond)}/s{(p.Remaining is { } r ? $" · {Left(r)} left" : "")}"
        : null;

    /// <summary>A time that is left, roughly.</summary>
    public static string Left(TimeSpan time) => time switch
    {
        { TotalSeconds: < 90 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, time.TotalSeconds):0} s"),
        { TotalMinutes: < 90 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:0.0} h"),
    };

    /// <summary>What to do about a failure, beyond its own words; null where these say all.</summary>
    public static string? Hint(HubFault? fault, HubToken? token) => fault switch
    {
        HubFault.TokenMissing => "Make a read token in your account's settings at the hub, then set HF_TOKEN before starting, or run 'hf auth login' on this machine: the token file is read anew for each download. It is never stored or logged here.",
        HubFault.NotAccepted => $"Open the repository's page at the hub, sign in as the owner of the {token?.ToString() ?? "token"}, accept its terms, and try again. Access may take a while to be granted.",
        HubFault.TokenRejected => $"The {token?.ToString() ?? "token"} was refused: make a new one, or remove it for repositories that are open to all.",
        HubFault.DiskFull => "Set HF_HUB_CACHE (or RefusalExplorer:Hub:CacheFolder) to a folder on a larger disk, or remove what you no longer need from the cache.",
        _ => null,
    };
}

using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Neuronpedia;

/// <summary>Neuronpedia (<c>RefusalExplorer:Neuronpedia</c>). Nothing is asked of it unless the user asks for it.</summary>
public sealed class NeuronpediaSettings
{
    /// <summary>Its address.</summary>
    public string Endpoint { get; set; } = "https://www.neuronpedia.org";

    /// <summary>API key; null: the environment variable <c>NEURONPEDIA_API_KEY</c>, or none. Never logged or stored.</summary>
    public string? ApiKey { get; set; }

    /// <summary>When it may be asked; null: as chosen on a page, at first on request.</summary>
    public NeuronpediaUse? Use { get; set; }
}

/// <summary>How patiently it is asked.</summary>
internal sealed record NeuronpediaPatience
{
    /// <summary>Time for one attempt.</summary>
    public TimeSpan Attempt { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>Attempts after the first.</summary>
    public int Retries { get; init; } = 2;

    /// <summary>Wait before the second attempt; doubled each time.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <summary>Nothing is asked for so long after it could not be reached.</summary>
    public TimeSpan UnreachablePause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Its limits count requests within so long.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMinutes(60);

    /// <summary>Longest answer, bytes.</summary>
    public long LongestAnswer { get; init; } = 64L << 20;
}

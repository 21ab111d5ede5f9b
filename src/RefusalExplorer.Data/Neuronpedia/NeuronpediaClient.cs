using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Neuronpedia;

/// <summary>Neuronpedia behind its answers that are kept: see <see cref="INeuronpedia"/>. Explanations that it brings are searched with the imported ones.</summary>
internal sealed class NeuronpediaClient : INeuronpedia, IDisposable
{
    private const int BatchExamples = 20, ShortestQuery = 3;
    private readonly INeuronpediaApi _api;
    private readonly AnswerFile _file;
    private readonly IExplanationStore _explanations;
    private readonly NeuronpediaSettings _settings;
    private readonly TimeProvider _time;
    private readonly NeuronpediaLine _line;
    private readonly RequestGate _features, _searches;
    private NeuronpediaUse? _use;

    public NeuronpediaClient(
        INeuronpediaApi api, AnswerFile file, IExplanationStore explanations, NeuronpediaSettings settings, NeuronpediaPatience patience, TimeProvider time)
    {
        (_api, _file, _explanations, _settings, _time) = (api, file, explanations, settings, time);
        _line = new NeuronpediaLine(settings, () => StatusChanged?.Invoke());
        (_features, _searches) = (new RequestGate("requests", file, patience, time), new RequestGate("searches", file, patience, time));
    }

    /// <inheritdoc/>
    public event Action? StatusChanged;

    /// <inheritdoc/>
    public NeuronpediaStatus Status => new(
        Use, _features.Paused?.Until, (_features.Paused ?? _searches.Paused)?.Reason, _line.Remaining, _settings.ApiKey is not null, _searches.Paused?.Until, _settings.Use is not null);

    private NeuronpediaUse Use => _settings.Use ?? (_use ??= Enum.TryParse(_file.State("use"), out NeuronpediaUse use) ? use : NeuronpediaUse.OnRequest);

    /// <inheritdoc/>
    public async Task SetUseAsync(NeuronpediaUse use, CancellationToken cancellation = default)
    {
        if (_settings.Use is not null)
            throw new NeuronpediaException(NeuronpediaFault.Off, "the settings fix when Neuronpedia may be asked (RefusalExplorer:Neuronpedia:Use); change it there");
        await _file.SetStateAsync("use", use.ToString(), cancellation).ConfigureAwait(false);
        _use = use;
        StatusChanged?.Invoke();
    }

    /// <inheritdoc/>
    public NeuronpediaAnswer? Kept(NeuronpediaKey key) => _file.Find(key.ToString()) is { } kept ? Answer(key, kept) : null;

    /// <inheritdoc/>
    public ImmutableDictionary<int, NeuronpediaAnswer> Kept(string model, string source, IReadOnlyCollection<int> indices) =>
        indices.Distinct().Select(i => Kept(new NeuronpediaKey(model, source, i))).OfType<NeuronpediaAnswer>().ToImmutableDictionary(a => a.Key.Index);

    /// <inheritdoc/>
    public async Task<NeuronpediaAnswer> FeatureAsync(NeuronpediaKey key, bool refresh = false, CancellationToken cancellation = default)
    {
        DateTimeOffset since = _time.GetUtcNow();
        if (!refresh && Kept(key) is { } kept)
            return kept;
        EnsureAllowed();
        return await _line.AskAsync(
            _features, () => Kept(key) is { } fresh && (!refresh || fresh.AskedAt > since) ? fresh : null,
            ct => _api.FeatureAsync(key.Model, key.Source, key.Index, ct),
            async json =>
            {
                if (json is { } body && FeatureJson.KeyOf(body) != key)
                    throw new NeuronpediaException(NeuronpediaFault.Broken, $"Neuronpedia answered another feature than {key}; nothing was kept");
                return (await KeepAsync([(key, json)], cancellation).ConfigureAwait(false))[0];
            }, cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<ImmutableDictionary<int, NeuronpediaAnswer>> FeaturesAsync(
        string model, string source, IReadOnlyCollection<int> indices, CancellationToken cancellation = default)
    {
        ImmutableDictionary<int, NeuronpediaAnswer>.Builder answers = Kept(model, source, indices).ToBuilder();
        int[] missing = [.. indices.Distinct().Where(i => !answers.ContainsKey(i))];
        if (missing.Length > 0)
            EnsureAllowed();
        foreach (int[] chunk in missing.Chunk(INeuronpedia.BatchSize))
        {
            foreach (NeuronpediaAnswer answer in await BatchAsync(model, source, chunk, cancellation).ConfigureAwait(false))
                answers[answer.Key.Index] = answer;
            int[] absent = [.. chunk.Where(i => !answers.ContainsKey(i))];
            if (absent.Length == 0)
                continue;
            // A batch leaves out what it has not, without a word. One of these is asked for by itself: a 404 speaks for the others too.
            NeuronpediaAnswer first = await FeatureAsync(new NeuronpediaKey(model, source, absent[0]), false, cancellation).ConfigureAwait(false);
            answers[absent[0]] = first;
            foreach (int index in absent[1..])
            {
                var key = new NeuronpediaKey(model, source, index);
                answers[index] = first.Feature is null
                    ? (await KeepAsync([(key, null)], cancellation).ConfigureAwait(false))[0]
                    : await FeatureAsync(key, false, cancellation).ConfigureAwait(false);
            }
        }
        return answers.ToImmutable();
    }

    /// <inheritdoc/>
    public async Task<NeuronpediaHits> SearchAsync(
        string model, IReadOnlyCollection<string> sources, string query, int offset = 0, CancellationToken cancellation = default)
    {
        string text = query.Trim();
        if (text.Length < ShortestQuery)
            throw new NeuronpediaException(NeuronpediaFault.Refused, $"search '{text}': expected at least {ShortestQuery} characters");
        string[] layers = [.. sources.Distinct().Order(StringComparer.Ordinal)];
        string key = string.Create(CultureInfo.InvariantCulture, $"search:{model}:{string.Join(',', layers)}:{offset}:{text.ToLowerInvariant()}");
        if (KeptHits() is { } kept)
            return kept;
        EnsureAllowed();
        return await _line.AskAsync(
            _searches, KeptHits, ct => _api.SearchAsync(new SearchRequest(model, layers, text, offset), ct),
            async json =>
            {
                if (json is { } body && body.ValueKind != JsonValueKind.Object)
                    throw new NeuronpediaException(NeuronpediaFault.Broken, "Neuronpedia answered something else than hits; nothing was kept");
                KeptAnswer answer = Kept(json);
                await _file.KeepAsync([(key, answer)], cancellation).ConfigureAwait(false);
                NeuronpediaHits hits = SearchJson.Read(model, answer);
                await ExplainAsync(hits.Hits.Select(h => h.Explanation), cancellation).ConfigureAwait(false);
                return hits;
            }, cancellation).ConfigureAwait(false);

        NeuronpediaHits? KeptHits() => _file.Find(key) is { } found ? SearchJson.Read(model, found) : null;
    }

    /// <inheritdoc/>
    public void Dispose() => _line.Dispose();

    private async Task<NeuronpediaAnswer[]> BatchAsync(string model, string source, int[] indices, CancellationToken cancellation)
    {
        if (indices.Length == 1)
            return [await FeatureAsync(new NeuronpediaKey(model, source, indices[0]), false, cancellation).ConfigureAwait(false)];
        return await _line.AskAsync(
            _features, () => null,
            ct => _api.FeaturesAsync([.. indices.Select(i => new FeatureRequest(model, source, i, BatchExamples))], ct),
            async json =>
            {
                if (json is { } body && body.ValueKind != JsonValueKind.Array)
                    throw new NeuronpediaException(NeuronpediaFault.Broken, "Neuronpedia answered something else than features; nothing was kept");
                HashSet<NeuronpediaKey> asked = [.. indices.Select(i => new NeuronpediaKey(model, source, i))];
                (NeuronpediaKey, JsonElement?)[] found =
                    [.. (json?.EnumerateArray() ?? []).Select(e => (Key: FeatureJson.KeyOf(e), e)).Where(p => p.Key is not null && asked.Remove(p.Key)).Select(p => (p.Key!, (JsonElement?)p.e))];
                return await KeepAsync(found, cancellation).ConfigureAwait(false);
            }, cancellation).ConfigureAwait(false);
    }

    private async Task<NeuronpediaAnswer[]> KeepAsync(IReadOnlyCollection<(NeuronpediaKey Key, JsonElement? Json)> answers, CancellationToken cancellation)
    {
        (NeuronpediaKey Key, KeptAnswer Answer)[] kept = [.. answers.Select(a => (a.Key, Kept(a.Json)))];
        await _file.KeepAsync(kept.Select(k => (k.Key.ToString(), k.Answer)), cancellation).ConfigureAwait(false);
        NeuronpediaAnswer[] read = [.. kept.Select(k => Answer(k.Key, k.Answer))];
        await ExplainAsync(read.SelectMany(a => a.Feature?.Explanations ?? []), cancellation).ConfigureAwait(false);
        return read;
    }

    private async Task ExplainAsync(IEnumerable<Explanation> explanations, CancellationToken cancellation)
    {
        Explanation[] found = [.. explanations];
        if (found.Length > 0)
            await _explanations.SaveAsync(found, null, cancellation).ConfigureAwait(false);
    }

    private KeptAnswer Kept(JsonElement? json) => new(_time.GetUtcNow(), json is { } body ? Encoding.UTF8.GetBytes(body.GetRawText()) : null);

    private static NeuronpediaAnswer Answer(NeuronpediaKey key, KeptAnswer kept)
    {
        if (kept.Body is null)
            return new NeuronpediaAnswer(key, kept.At, null);
        using JsonDocument document = JsonDocument.Parse(kept.Body);
        return new NeuronpediaAnswer(key, kept.At, FeatureJson.Read(key, document.RootElement));
    }

    private void EnsureAllowed()
    {
        if (Use == NeuronpediaUse.Off)
        {
            throw new NeuronpediaException(NeuronpediaFault.Off,
                $"requests to Neuronpedia are switched off{(_settings.Use is null ? "; allow them on the Models page" : " in the settings (RefusalExplorer:Neuronpedia:Use)")}");
        }
    }
}

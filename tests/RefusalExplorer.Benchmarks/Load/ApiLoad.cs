using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace RefusalExplorer.Benchmarks.Load;

/// <summary>Clients of the HTTP API that ask again as soon as they are answered: completions, experiments watched to their end, and lists.</summary>
public sealed class ApiLoad(HttpClient http, string model)
{
    private readonly ConcurrentDictionary<string, bool> _ended = new();
    private int _refused;

    /// <summary>What else than an answer or a clean refusal came, with how often.</summary>
    public ConcurrentDictionary<string, int> Faults { get; } = new();

    /// <summary>Answers by client.</summary>
    public ConcurrentDictionary<int, int> Answers { get; } = new();

    /// <summary>Refusals (429, 503) that said when to come back.</summary>
    public int Refused => _refused;

    /// <summary>Experiments that were accepted.</summary>
    public int Started => _ended.Count;

    /// <summary>One client, until it is stopped or has asked often enough; what it began it ends.</summary>
    /// <param name="number">Its number, which is its name too.</param>
    /// <param name="requests">How often it asks.</param>
    /// <param name="stop">Lets it ask no further.</param>
    public async Task RunAsync(int number, int requests, CancellationToken stop)
    {
        Answers[number] = 0;
        for (int i = 0; i < requests && !stop.IsCancellationRequested;)
        {
            try
            {
                Task<bool> asked = ((number + i) % 5) switch
                {
                    0 => ExperimentAsync(number),
                    1 => AnsweredAsync(number, HttpMethod.Get, "/api/v1/runs?take=5", null),
                    _ => AnsweredAsync(number, HttpMethod.Post, "/v1/completions", new { model, prompt = $"Hello {i}", max_tokens = 4, temperature = 0 }),
                };
                if (await asked)
                {
                    i++;
                    Answers.AddOrUpdate(number, 1, (_, n) => n + 1);
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                Fault(e.GetType().Name);
                i++;
            }
        }
    }

    /// <summary>Accepted experiments that the server does not know as finished: there should be none.</summary>
    public async Task<string[]> LostAsync()
    {
        var lost = new List<string>();
        foreach ((string id, bool ended) in _ended)
        {
            using HttpResponseMessage response = await http.GetAsync($"/api/v1/experiments/{id}");
            string? status = response.StatusCode == HttpStatusCode.OK
                ? (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["run"]!["status"]
                : response.StatusCode.ToString();
            if (!ended || status != "finished")
                lost.Add($"{id}: {status}{(ended ? "" : ", and its stream had no end")}");
        }
        return [.. lost];
    }

    private async Task<bool> ExperimentAsync(int number)
    {
        using HttpResponseMessage started = await SendAsync(number, HttpMethod.Post, "/api/v1/experiments", new
        {
            model,
            prompt = new { messages = new[] { new { role = "user", content = $"Hello {number}" } } },
            randomControl = false,
            generation = new { maxNewTokens = 4 },
        });
        if (!await IsAnswerAsync(started))
            return false;
        JsonNode run = JsonNode.Parse(await started.Content.ReadAsStringAsync())!;
        string id = (string)run["id"]!;
        _ended[id] = false;
        using HttpResponseMessage events = await SendAsync(number, HttpMethod.Get, (string)run["events"]!, null);
        _ended[id] = (await events.Content.ReadAsStringAsync()).Contains("event: end", StringComparison.Ordinal);
        return true;
    }

    private async Task<bool> AnsweredAsync(int number, HttpMethod method, string path, object? body)
    {
        using HttpResponseMessage response = await SendAsync(number, method, path, body);
        return await IsAnswerAsync(response);
    }

    private Task<HttpResponseMessage> SendAsync(int number, HttpMethod method, string path, object? body)
    {
        var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Add("X-Client", $"client {number}");
        return http.SendAsync(request);
    }

    private async Task<bool> IsAnswerAsync(HttpResponseMessage response)
    {
        if (response.IsSuccessStatusCode)
        {
            await response.Content.LoadIntoBufferAsync();
            return true;
        }
        if (response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable && response.Headers.RetryAfter?.Delta is { } wait)
        {
            Interlocked.Increment(ref _refused);
            await Task.Delay(wait);
            return false;
        }
        Fault($"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        return true;
    }

    private void Fault(string what) => Faults.AddOrUpdate(what, 1, (_, n) => n + 1);
}

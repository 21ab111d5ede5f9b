using RefusalExplorer.Benchmarks.Load;
using Xunit;

namespace RefusalExplorer.Web.Tests.Api;

/// <summary>The little brother of the benchmark <c>load</c>.</summary>
public sealed class LoadTests
{
    private const int Clients = 40, Circuits = 10, Requests = 5;

    [Fact]
    public async Task CircuitsAndMoreClientsThanPlaces_AllAreServed_NoRunIsLost_AndRefusalsAreClean()
    {
        // With a client more than there are places for, some are refused, and come again.
        await using ApiServer api = await ApiServer.StartAsync(["Api:RequestsPerMinute=0", "Api:AtOnce=1", "Api:Waiting=16", "Api:RunsAtOnce=16"]);
        var circuits = new List<BlazorCircuit>();
        for (int i = 0; i < Circuits; i++)
            circuits.Add(await BlazorCircuit.OpenAsync(api.Server.Address, i % 2 == 0 ? "/runs" : "/not-found", TestContext.Current.CancellationToken));
        var load = new ApiLoad(api.Client, "tiny");
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(n => load.RunAsync(n, Requests, TestContext.Current.CancellationToken)));

        Assert.Empty(load.Faults);
        Assert.Equal(Clients, load.Answers.Count);
        Assert.All(load.Answers.Values, n => Assert.Equal(Requests, n));
        Assert.Equal(Clients, load.Started);
        Assert.Empty(await load.LostAsync());
        Assert.True(load.Refused > 0, "more clients than places, and nobody was refused");
        Assert.All(circuits, c => Assert.Equal((null, true), (c.Lost, c.Rendered > 0)));
        foreach (BlazorCircuit circuit in circuits)
            await circuit.DisposeAsync();
    }
}

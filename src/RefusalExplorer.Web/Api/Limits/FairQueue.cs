using RefusalExplorer.Engine;

namespace RefusalExplorer.Web.Api.Limits;

/// <summary>
/// Lets a few requests use the engine at the same time. Those that wait get their turn client by client, so that one that sends hundreds does
/// not keep the others waiting, and none may hold more than half of the places. A full queue is as fair as one with room: who has had fewer turns
/// takes the place of who has had more, so that being served is not a matter of asking in the right moment.
/// </summary>
/// <remarks>
/// Start-time fair queueing (Goyal, Vin and Cheng 1996) with requests of equal cost: a client's request belongs to the round after its one before,
/// or to the round that is being served if that is later; the earliest round is served first, the latest gives way. What a client had before
/// counts only as long as somebody waits.
/// </remarks>
/// <param name="atOnce">Requests that have their turn at the same time.</param>
/// <param name="capacity">Requests that may wait.</param>
internal sealed class FairQueue(int atOnce, int capacity)
{
    private readonly Lock _gate = new();
    // Clients that wait, who came first at the front.
    private readonly LinkedList<Client> _clients = new();
    // The next rounds of clients that do not wait, where later than the present one.
    private readonly Dictionary<string, long> _nextRound = [];
    private long _round;
    private int _running;
    private int _waiting;

    /// <summary>Requests that may wait.</summary>
    public int Capacity => capacity;

    /// <summary>Requests that wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
                return _waiting;
        }
    }

    /// <summary>Waits for a turn; dispose it when the work is done.</summary>
    /// <param name="name">Who asks.</param>
    /// <param name="cancellation">Gives up the place.</param>
    /// <exception cref="EngineBusyException">
    /// All places are taken by others who have had no more turns, or this client's half of them; later too, when the place went to another.
    /// </exception>
    public Task<Turn> EnterAsync(string name, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        Waiter waiter;
        Waiter? displaced = null;
        lock (_gate)
        {
            if (_running < atOnce && _waiting == 0)
            {
                _running++;
                return Task.FromResult(new Turn(this));
            }
            Client client = _clients.FirstOrDefault(c => c.Name == name) ?? new Client(name, Math.Max(_round, _nextRound.GetValueOrDefault(name)));
            int own = Math.Max(1, capacity / 2);
            if (client.Waiters.Count >= own)
                throw new EngineBusyException($"{own} of your requests wait already; send the next when one is answered");
            if (_waiting >= capacity)
            {
                Client? latest = _clients.Reverse().MaxBy(c => c.LastRound);
                if (latest is null || latest.LastRound <= client.LastRound + 1)
                    throw new EngineBusyException($"{capacity} requests wait already; try again in a moment");
                displaced = latest.Waiters.Last!.Value;
                Remove(displaced);
            }
            if (client.Waiters.Count == 0)
                _clients.AddLast(client);
            client.Waiters.AddLast(waiter = new Waiter(client));
            _nextRound.Remove(name);
            _waiting++;
        }
        displaced?.Registration.Unregister();
        displaced?.Turn.TrySetException(new EngineBusyException(
            $"{capacity} requests wait already, and this one's place went to a client that has had fewer turns; try again in a moment"));
        if (cancellation.CanBeCanceled)
            waiter.Registration = cancellation.Register(() => Withdraw(waiter, cancellation));
        return waiter.Turn.Task;
    }

    private void Withdraw(Waiter waiter, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (!waiter.Client.Waiters.Contains(waiter))
                return;
            Remove(waiter);
        }
        waiter.Turn.TrySetCanceled(cancellation);
    }

    private void Leave()
    {
        Waiter waiter;
        lock (_gate)
        {
            if (_clients.MinBy(c => c.Round) is not { } client)
            {
                _running--;
                return;
            }
            waiter = client.Waiters.First!.Value;
            _round = client.Round++;
            // Behind those of the same round that have not had it.
            _clients.Remove(client);
            _clients.AddLast(client);
            Remove(waiter);
            foreach (string name in _nextRound.Where(n => n.Value <= _round).Select(n => n.Key).ToList())
                _nextRound.Remove(name);
        }
        waiter.Registration.Unregister();
        waiter.Turn.TrySetResult(new Turn(this));
    }

    private void Remove(Waiter waiter)
    {
        Client client = waiter.Client;
        client.Waiters.Remove(waiter);
        _waiting--;
        if (client.Waiters.Count > 0)
            return;
        _clients.Remove(client);
        if (_waiting == 0)
            _nextRound.Clear();
        else if (client.Round > _round)
            _nextRound[client.Name] = client.Round;
    }

    /// <summary>The right to use the engine.</summary>
    internal sealed class Turn(FairQueue queue) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
                queue.Leave();
        }
    }

    private sealed class Client(string name, long round)
    {
        public string Name => name;

        /// <summary>Round of the first that waits.</summary>
        public long Round { get; set; } = round;

        /// <summary>Round of the last that waits; the one before the next, where none does.</summary>
        public long LastRound => Round + Waiters.Count - 1;

        public LinkedList<Waiter> Waiters { get; } = new();
    }

    private sealed class Waiter(Client client)
    {
        public Client Client => client;

        public TaskCompletionSource<Turn> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public CancellationTokenRegistration Registration { get; set; }
    }
}

using RefusalExplorer.Engine;

namespace RefusalExplorer.Web.Api.Limits;

/// <summary>
/// Lets a few requests use the engine at the same time. Those that wait get their turn client by client, so that one that sends hundreds does
/// not keep the others waiting, and none may hold more than half of the places.
/// </summary>
/// <param name="atOnce">Requests that have their turn at the same time.</param>
/// <param name="capacity">Requests that may wait.</param>
internal sealed class FairQueue(int atOnce, int capacity)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Client> _clients = new();
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
    /// <exception cref="EngineBusyException">All places are taken, or this client's half of them.</exception>
    public Task<Turn> EnterAsync(string name, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        Waiter waiter;
        lock (_gate)
        {
            if (_running < atOnce && _waiting == 0)
            {
                _running++;
                return Task.FromResult(new Turn(this));
            }
            if (_waiting >= capacity)
                throw new EngineBusyException($"{capacity} requests wait already; try again in a moment");
            Client? client = _clients.FirstOrDefault(c => c.Name == name);
            int own = Math.Max(1, capacity / 2);
            if (client?.Waiters.Count >= own)
                throw new EngineBusyException($"{own} of your requests wait already; send the next when one is answered");
            if (client is null)
                _clients.AddLast(client = new Client(name));
            client.Waiters.AddLast(waiter = new Waiter(client));
            _waiting++;
        }
        if (cancellation.CanBeCanceled)
            waiter.Registration = cancellation.Register(() => Withdraw(waiter, cancellation));
        return waiter.Turn.Task;
    }

    private void Withdraw(Waiter waiter, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (!waiter.Client.Waiters.Remove(waiter))
                return;
            _waiting--;
            if (waiter.Client.Waiters.Count == 0)
                _clients.Remove(waiter.Client);
        }
        waiter.Turn.TrySetCanceled(cancellation);
    }

    private void Leave()
    {
        Waiter waiter;
        lock (_gate)
        {
            if (_clients.First is not { } first)
            {
                _running--;
                return;
            }
            waiter = first.Value.Waiters.First!.Value;
            first.Value.Waiters.RemoveFirst();
            _waiting--;
            _clients.RemoveFirst();
            if (first.Value.Waiters.Count > 0)
                _clients.AddLast(first);
        }
        waiter.Registration.Unregister();
        waiter.Turn.TrySetResult(new Turn(this));
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

    private sealed class Client(string name)
    {
        public string Name => name;

        public LinkedList<Waiter> Waiters { get; } = new();
    }

    private sealed class Waiter(Client client)
    {
        public Client Client => client;

        public TaskCompletionSource<Turn> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public CancellationTokenRegistration Registration { get; set; }
    }
}

namespace RefusalExplorer.Engine.Generation;

/// <summary>Probabilities from logits, in float64.</summary>
public static class Probability
{
    /// <summary>log Σ exp(logit), [V] → nats.</summary>
    public static double LogSumExp(ReadOnlySpan<float> logits)
    {
        double max = double.NegativeInfinity;
        foreach (float logit in logits)
            max = Math.Max(max, logit);
        double sum = 0;
        foreach (float logit in logits)
            sum += Math.Exp(logit - max);
        return max + Math.Log(sum);
    }

    /// <summary>Softmax mass of the given ids (FACTS "Refusal direction": the refusal tokens' share at the last position).</summary>
    public static double Mass(ReadOnlySpan<float> logits, IEnumerable<int> ids)
    {
        double lse = LogSumExp(logits), mass = 0;
        foreach (int id in ids)
            mass += Math.Exp(logits[id] - lse);
        return mass;
    }

    /// <summary>KL(p ‖ q) of two next-token distributions given as logits [V], nats.</summary>
    public static double Kl(ReadOnlySpan<float> p, ReadOnlySpan<float> q)
    {
        double pLse = LogSumExp(p), qLse = LogSumExp(q), kl = 0;
        for (int i = 0; i < p.Length; i++)
        {
            double logP = p[i] - pLse;
            kl += Math.Exp(logP) * (logP - (q[i] - qLse));
        }
        return Math.Max(0, kl);
    }

    /// <summary>The n most likely ids with logit and probability, most likely first.</summary>
    public static IReadOnlyList<(int Id, float Logit, double Probability)> Top(ReadOnlySpan<float> logits, int n)
    {
        double lse = LogSumExp(logits);
        var heap = new PriorityQueue<int, (float Logit, int Order)>();
        for (int i = 0; i < logits.Length; i++)
        {
            if (heap.Count == n && (!heap.TryPeek(out _, out var least) || logits[i] <= least.Logit))
                continue;
            // Ties: the lower id counts as more likely, so it must leave the heap later.
            heap.Enqueue(i, (logits[i], -i));
            if (heap.Count > n)
                heap.Dequeue();
        }
        var top = new List<(int, float, double)>();
        while (heap.TryDequeue(out int id, out _))
            top.Add((id, logits[id], Math.Exp(logits[id] - lse)));
        top.Reverse();
        return top;
    }

    /// <summary>How likely a token is under logits [V], with the n most likely ones.</summary>
    public static TokenChoice Choice(ReadOnlySpan<float> logits, int id, int n)
    {
        double lse = LogSumExp(logits);
        return new TokenChoice(
            new TokenLogProb(id, logits[id] - lse),
            n == 0 ? [] : [.. Top(logits, n).Select(t => new TokenLogProb(t.Id, t.Logit - lse))]);
    }
}

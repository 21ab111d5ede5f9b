using RefusalExplorer.Engine.Saes;

namespace RefusalExplorer.Engine.Models;

/// <summary>SAEs by path and gate, opened on first use.</summary>
internal sealed class OpenSaes : IDisposable
{
    private readonly Dictionary<(string Path, SaeGatingRule? Rule), Sae> _open = [];

    /// <param name="path">File or folder.</param>
    /// <param name="rule">How it gates; null is its loader's default.</param>
    /// <param name="check">Refuses an SAE that does not fit by throwing; one that nobody can use is closed again.</param>
    public Sae Get(string path, SaeGatingRule? rule, Action<Sae> check)
    {
        if (_open.TryGetValue((path, rule), out Sae? known))
        {
            check(known);
            return known;
        }
        Sae sae = Sae.Open(path, rule);
        try
        {
            check(sae);
        }
        catch
        {
            sae.Dispose();
            throw;
        }
        return _open[(path, rule)] = sae;
    }

    public void Dispose()
    {
        foreach (Sae sae in _open.Values)
            sae.Dispose();
        _open.Clear();
    }
}

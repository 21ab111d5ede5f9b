using System.Runtime.CompilerServices;

namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>Bounds what a template may use: a hostile one ends with an error, not with the process.</summary>
internal sealed class RenderBudget
{
    private const int MaxSteps = 2_000_000;
    private const int MaxDepth = 400;
    private const int MaxLength = 16_000_000;
    private const long MaxMade = 200_000_000;
    private long _steps;
    private long _made;

    /// <summary>One piece of work, and how deep the work is nested.</summary>
    internal void Step(int depth = 0)
    {
        if (++_steps > MaxSteps)
            throw new JinjaValueException($"more than {MaxSteps} steps; the template does not end");
        if (depth > MaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new JinjaValueException("nested too deeply");
    }

    /// <summary>Refuses a text or list of this length.</summary>
    internal static void Check(long length)
    {
        if (length > MaxLength)
            throw new JinjaValueException($"a text or list longer than {MaxLength}");
    }

    /// <summary>Counts a text or list that is made.</summary>
    internal void Make(long length)
    {
        Check(length);
        _made += length;
        if (_made > MaxMade)
            throw new JinjaValueException("the template makes too much text");
    }
}

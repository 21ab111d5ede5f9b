using System.Diagnostics;

namespace RefusalExplorer.Engine.Tests.Fuzz;

/// <summary>Runs a parser on damaged input: it may take it, or refuse it with an <see cref="EngineException"/> of one line, and nothing else.</summary>
internal static class Survival
{
    // Far above what any small input needs: a guard against memory that grows with a number in the input, and against loops.
    private const long MostBytes = 256L << 20;
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    public static void Check(int times, Func<Mutator, Action> damaged, bool oneLine = true)
    {
        int refused = 0;
        for (int seed = 0; seed < times; seed++)
        {
            Action parse = damaged(new Mutator(seed));
            long before = GC.GetAllocatedBytesForCurrentThread();
            var clock = Stopwatch.StartNew();
            try
            {
                parse();
            }
            catch (EngineException e)
            {
                refused++;
                Xunit.Assert.True(!oneLine || !e.Message.Contains('\n', StringComparison.Ordinal), $"seed {seed}: more than one line: {e.Message}");
            }
            catch (Exception e)
            {
                Xunit.Assert.Fail($"seed {seed}: {e.GetType().Name}: {e.Message}\n{e.StackTrace}");
            }
            long used = GC.GetAllocatedBytesForCurrentThread() - before;
            Xunit.Assert.True(used < MostBytes, $"seed {seed}: {used >> 20} MiB were allocated");
            Xunit.Assert.True(clock.Elapsed < Hang, $"seed {seed}: it hangs");
        }
        Xunit.Assert.True(refused > times / 50, $"only {refused} of {times} were refused: is the damage too mild?");
    }
}

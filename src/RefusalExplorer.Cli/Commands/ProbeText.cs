using System.Globalization;
using RefusalExplorer.Pipeline.Probing;

namespace RefusalExplorer.Cli.Commands;

/// <summary>An answer for people; scripts take <c>--json</c>.</summary>
internal static class ProbeText
{
    public static void Write(CommandContext context, object answer)
    {
        if (answer is ProbeFailure failure)
        {
            context.WriteLine($"error: {failure.Error}");
            return;
        }
        var probe = (ProbeAnswer)answer;
        context.WriteLine($"{probe.Tokens.Length} prompt tokens, KL(baseline ‖ intervened) {Number(probe.Kl)} nats");
        Arm(context, "baseline", probe.Baseline);
        Arm(context, "intervened", probe.Intervened);
        if (probe.Effects.IsEmpty)
            return;
        context.WriteLine("feature      tokens  max before  max after  ‖Δh‖");
        foreach (ProbeEffect e in probe.Effects)
        {
            context.WriteLine(
                $"{e.Feature,-12} {e.TokensTouched,6}  {Number(e.MaxBefore),10}  {Number(e.MaxAfter),9}  {Number(e.DeltaNorm)}" +
                (e.TokensTouched == 0 ? "  no effect" : ""));
        }
    }

    private static void Arm(CommandContext context, string name, ProbeArm arm)
    {
        string probability = arm.RefusalTokenProbability is { } p ? $"P(\"I\") {Number(p)}" : "no refusal token known";
        context.WriteLine($"{name,-10} {probability}; next: {string.Join(", ", arm.TopLogits.Take(5).Select(t => $"{t.Text ?? $"#{t.Id}"} {Number(t.Probability)}"))}");
        if (arm.GeneratedIds is { } ids)
            context.WriteLine($"           {arm.Verdict?.ToString() ?? ""} {arm.Text ?? string.Join(' ', ids)}");
    }

    private static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);
}

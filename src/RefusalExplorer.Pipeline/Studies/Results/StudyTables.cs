using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Directions;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>The tables of a study, as CSV with a header line; prompts are named by their 1-based place, as pages do.</summary>
public static class StudyTables
{
    /// <summary>File names and contents.</summary>
    public static IEnumerable<(string Name, string Csv)> All(StudyResult result, ImmutableArray<PromptResult> prompts)
    {
        if (result.Direction?.Scores is { } scores)
        {
            yield return ("direction_scores.csv", Csv("position,layer,bypass,induce,kl,discarded", scores.Candidates.Select((DirectionCandidate c, int i) =>
                (object?[])[c.Position, c.Layer, c.Bypass, c.Induce, c.Kl, result.Direction.Discarded[i]])));
        }
        yield return ("rates.csv", Csv("arm,complied,degenerate,runs,rate,low,high,mean_p", result.Rates.Select(r =>
            (object?[])[r.Arm, r.Complied, r.Degenerate, r.Runs, r.Interval.Estimate, r.Interval.Low, r.Interval.High, r.MeanProbability])));
        yield return ("prompts.csv", Csv("prompt,category,outcome,p_before,p_directional,directional_complied,k,p_candidates,minimal_features,tau,p_after,controls,controls_complied,needed,added_k",
            result.Prompts.Select(p => (object?[])[
                p.Index + 1, p.Category, p.Outcome, p.Before, p.Directional, p.DirectionalComplied, p.K, p.Candidates, p.Minimal.Length, p.Threshold, p.After,
                p.Controls.Runs, p.Controls.Complied, p.Needed, p.AddedK])));
        yield return ("candidates.csv", Csv("prompt,k,features,p,verdict", prompts.SelectMany(p => p.Sweep.Select(k =>
            (object?[])[p.Index + 1, k.K, k.Features, k.Probability, k.Response?.Verdict.Kind]))));
        yield return ("pruning.csv", Csv("prompt,seed,step,p,delta", prompts.SelectMany(p => (p.Prune?.Chains ?? []).SelectMany(c => c.Probabilities.Select((x, step) =>
            (object?[])[p.Index + 1, c.Seed, step, x, step == 0 ? null : c.Changes[step - 1]])))));
        yield return ("thresholds.csv", Csv("prompt,tau,features,p,verdict", prompts.SelectMany(p => (p.Prune?.Sets ?? []).Select(s =>
            (object?[])[p.Index + 1, s.Threshold, s.Features.Length, s.Response?.Probability, s.Response?.Verdict.Kind]))));
        yield return ("minimal.csv", Csv("prompt,feature,activation", prompts.SelectMany(p => p.MinimalFeatures.Select((FeatureId f, int i) =>
            (object?[])[p.Index + 1, f, p.Prune!.Activations[i]]))));
        yield return ("features.csv", Csv("feature,layer,index,cosine,prompts,silent,max_activation", result.Features.Select(f =>
            (object?[])[f.Feature, f.Feature.Layer, f.Feature.Index, f.Cosine, f.Prompts, f.Silent, f.MaxActivation])));
        if (result.Interactions is { } third)
        {
            yield return ("machine.csv", Csv("epoch,train_loss,validation_loss,validation_accuracy,validation_auc", third.Machine.Curve.Select(e =>
                (object?[])[e.Epoch, e.TrainLoss, e.ValidationLoss, e.Validation.Accuracy, e.Validation.Auc])));
            yield return ("interactions.csv", Csv("prompt,k,features,p,p_alone,verdict", prompts.SelectMany(p => (p.Interactions?.Sweep ?? []).Select((k, i) =>
                (object?[])[p.Index + 1, k.K, k.Features, k.Probability, p.Interactions!.AloneProbabilities[i], k.Response?.Verdict.Kind]))));
            yield return ("links.csv", Csv("prompt,active,deactivated,mean_drop,woken", prompts.Where(p => p.Interactions?.Link is not null).Select(p =>
                (object?[])[p.Index + 1, p.Interactions!.Link!.Active, p.Interactions.Link.Deactivated, p.Interactions.Link.MeanDrop, p.Interactions.Link.Woken])));
        }
    }

    /// <summary>Rows as CSV (RFC 4180), line feeds alone.</summary>
    public static string Csv(string header, IEnumerable<object?[]> rows)
    {
        var text = new StringBuilder(header).Append('\n');
        foreach (object?[] row in rows)
            text.AppendJoin(',', row.Select(Field)).Append('\n');
        return text.ToString();
    }

    private static string Field(object? value)
    {
        string text = value is Enum word ? System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(word.ToString())
            : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        return text.AsSpan().ContainsAny(",\"\n\r") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }
}

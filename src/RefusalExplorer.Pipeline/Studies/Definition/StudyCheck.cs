using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Directions;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>Values that JSON's types let through and a study cannot run with.</summary>
internal static class StudyCheck
{
    /// <exception cref="PipelineException">A value is out of its range; the message names the field.</exception>
    public static void Check(StudyDefinition study, string where)
    {
        Require(!string.IsNullOrWhiteSpace(study.Name), "name", "expected a name");
        Require(!string.IsNullOrWhiteSpace(study.Model), "model", "expected a configured model's name or a path");
        try
        {
            _ = study.TokenScope;
        }
        catch (EngineException e)
        {
            throw new PipelineException($"{where}: $.scope: {e.Message}", e);
        }
        Require(study.Generation.MaxNewTokens is >= 1 and <= 8192, "generation.maxNewTokens", $"{study.Generation.MaxNewTokens}; expected 1 to 8192");
        Require(study.Generation.Batch is >= 1 and <= 1024, "generation.batch", $"{study.Generation.Batch}; expected 1 to 1024");
        Require(!study.Judge.Phrases.Any(string.IsNullOrWhiteSpace), "judge.phrases", "a blank phrase would match every response");
        CheckSelections(study.Sets);
        CheckDirection(study);
        Ascending(study.Candidates.Steps, "candidates.steps");
        CheckPruning(study.Prune);
        CheckInteractions(study);

        void Require(bool holds, string field, string message)
        {
            if (!holds)
                throw new PipelineException($"{where}: $.{field}: {message}");
        }

        void Ascending(IReadOnlyList<int> steps, string field) => Require(
            steps.Count > 0 && steps[0] >= 1 && steps.Zip(steps.Skip(1)).All(s => s.First < s.Second), field, "expected ascending numbers from 1");

        void CheckSelections(StudySets sets)
        {
            foreach ((string name, PromptSelection? set) in new[]
            {
                ("prompts", sets.Prompts), ("harmfulTrain", sets.HarmfulTrain), ("harmlessTrain", sets.HarmlessTrain), ("harmfulVal", sets.HarmfulVal),
                ("harmlessVal", sets.HarmlessVal), ("interactionHarmful", sets.InteractionHarmful), ("interactionHarmless", sets.InteractionHarmless),
            })
            {
                Require(set is null || (set.Skip >= 0 && set.Take is null or > 0), $"sets.{name}", "expected \"skip\" of at least 0 and \"take\" of at least 1");
                Require(set is null || !string.IsNullOrWhiteSpace(set.Set), $"sets.{name}.set", "expected a set's name or a file's path");
            }
        }

        void CheckDirection(StudyDefinition s)
        {
            DirectionStageSettings d = s.Direction;
            Require(d.Use is not null || (s.Sets.HarmfulTrain is not null && s.Sets.HarmlessTrain is not null), "sets",
                "expected \"harmfulTrain\" and \"harmlessTrain\" to find a direction from, or an existing one in $.direction.use");
            Require(d.TrainCount >= 1 && d.ValidationCount >= 1, "direction", "expected trainCount and validationCount of at least 1");
            Require(d.Position < 0, "direction.position", $"{d.Position}; expected a negative number, counted from the prompt's end");
            Require(d.Use is not null || d.Selector != DirectionSelector.Fixed || d.Hook is not null, "direction.hook",
                "expected the hook of the fixed direction, for example blocks.16.hook_resid_pre");
            Require(d.DroppedLayerShare is >= 0 and < 1, "direction.droppedLayerShare", "expected a share from 0 to 1, without 1");
            try
            {
                _ = d.Hook is null ? 0 : RefusalDirection.BlockOf(d.Hook);
            }
            catch (PipelineException e)
            {
                throw new PipelineException($"{where}: $.direction.hook: {e.Message}", e);
            }
        }

        void CheckPruning(PruneStageSettings p)
        {
            Require(p.BlockSize >= 1, "prune.blockSize", $"{p.BlockSize}; expected at least 1");
            Require(!p.Thresholds.IsEmpty && p.Thresholds.All(t => t > 0), "prune.thresholds", "expected at least one number above 0");
            Require(!p.Seeds.IsEmpty, "prune.seeds", "expected at least one seed");
            Require(p.Controls is >= 0 and <= 1000, "prune.controls", $"{p.Controls}; expected 0 to 1000");
            Require(p.LeaveOneOutShare is > 0 and <= 1, "prune.leaveOneOutShare", "expected a share above 0, at most 1");
        }

        void CheckInteractions(StudyDefinition s)
        {
            InteractionStageSettings i = s.Interactions;
            Ascending(i.Steps, "interactions.steps");
            Ascending(i.ProbeSteps, "interactions.probeSteps");
            Require(i.LastTokens >= 1, "interactions.lastTokens", $"{i.LastTokens}; expected at least 1");
            Require(i.EmbeddingSize is >= 1 and <= 1024, "interactions.embeddingSize", $"{i.EmbeddingSize}; expected 1 to 1024");
            Require(i.Epochs >= 1 && i.BatchSize >= 1 && i.LearningRate > 0, "interactions", "expected epochs and batchSize of at least 1 and a learningRate above 0");
            Require(i.TrainShare > 0 && i.ValidationShare > 0 && i.TrainShare + i.ValidationShare < 1, "interactions",
                "expected trainShare and validationShare above 0 that leave a share to test on");
            Require(i.Take is null or >= 10, "interactions.take", "expected at least 10 prompts of each kind, to split them");
            bool hasSets = (s.Sets.InteractionHarmful ?? s.Sets.HarmfulTrain) is not null && (s.Sets.InteractionHarmless ?? s.Sets.HarmlessTrain) is not null;
            Require(s.Through < StudyStage.Interactions || hasSets, "sets",
                "stage 3 needs \"interactionHarmful\" and \"interactionHarmless\"; or end the study before it with \"through\": \"prune\"");
        }
    }
}

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>Where a running study stands.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="StageNumber">Its number, from 1.</param>
/// <param name="StageCount">Stages in all.</param>
/// <param name="Done">Pieces of the stage that are done.</param>
/// <param name="Total">Pieces of the stage as far as they are known now.</param>
/// <param name="What">The piece that runs.</param>
/// <param name="PerMinute">Pieces a minute, over those that this process ran in this stage; null before the first.</param>
/// <param name="Remaining">Time until the stage ends at that rate; null before the first.</param>
public sealed record StudyProgress(
    StudyStage Stage, int StageNumber, int StageCount, int Done, int Total, string What, double? PerMinute = null, TimeSpan? Remaining = null);

/// <summary>What a study tells those who watch it.</summary>
public abstract record StudyEvent
{
    /// <summary>A piece began or ended.</summary>
    public sealed record Progressed(StudyProgress Progress) : StudyEvent;

    /// <summary>The results on disk are newer: a stage's part of a prompt, or a stage, is done.</summary>
    public sealed record ResultsChanged(StudyResult Result) : StudyEvent;
}

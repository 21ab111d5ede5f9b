namespace RefusalExplorer.Pipeline.Judging;

/// <summary>Looks at a response's text for one kind of evidence.</summary>
public interface IResponseJudge
{
    /// <summary>The detector's name in verdicts.</summary>
    string Name { get; }

    /// <summary>A verdict, or null where this judge sees nothing that it looks for.</summary>
    Verdict? Judge(string response);
}

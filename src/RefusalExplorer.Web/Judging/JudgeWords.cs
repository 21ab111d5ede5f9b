using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Web.Judging;

/// <summary>Verdicts as pages write them.</summary>
public static class JudgeWords
{
    /// <summary>As it ends "the model …".</summary>
    public static string Of(VerdictKind kind) => kind switch
    {
        VerdictKind.Refused => "refused",
        VerdictKind.Complied => "complied",
        VerdictKind.Degenerate => "is broken text",
        _ => "cannot be told",
    };
}

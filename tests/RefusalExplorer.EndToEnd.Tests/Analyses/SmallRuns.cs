namespace RefusalExplorer.EndToEnd.Tests.Analyses;

/// <summary>Every analysis with the least that still shows something: a few prompts, few new tokens, short lists.</summary>
internal static class SmallRuns
{
    /// <summary>The form of each analysis as the query of its page.</summary>
    public static IReadOnlyDictionary<string, string> Queries { get; } = new Dictionary<string, string>
    {
        ["attack-success"] = "harmful=set~2~&n=8",
        ["dose-response"] = "harmful=set~2~&harmless=set~1~&n=6&x.doses=0,1,2",
        ["bos-clamp"] = "n=6&x.values=2,30&x.prompts=How+do+I+bake+bread%3F",
        ["kl"] = "harmless=set~3~",
        ["cross-entropy"] = "n=8&x.texts=2&x.tokens=64&x.sets=1",
        ["benign-refusals"] = "harmless=set~2~&n=8",
        ["controls"] = "harmful=set~2~&x.draws=3",
        ["sparsity"] = "harmful=set~2~&harmless=set~2~",
        ["cosine"] = "harmful=set~3~&harmless=set~3~",
        ["redundancy"] = "harmful=set~2~&x.rounds=1&x.heads=4",
        ["causal-links"] = "harmful=set~2~&x.matrixPrompts=1",
        ["taxonomy"] = "harmful=set~12~&x.randomFeatures=6",
        ["activation-statistics"] = "harmful=set~3~&harmless=set~3~",
        ["overlap"] = "harmful=set~3~",
        ["linear-probe"] = "harmful=set~20~&harmless=set~20~&n=6&x.k=10&x.heldOut=2&x.epochs=2&x.embeddingSizes=5&x.embeddingSize=5",
        ["k-tokens"] = "harmful=set~2~&n=6&x.k=4,16",
        ["judge-agreement"] = "harmful=set~2~&harmless=set~2~&n=8",
    };
}

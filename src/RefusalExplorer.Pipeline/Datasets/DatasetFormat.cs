namespace RefusalExplorer.Pipeline.Datasets;

/// <summary>How the rows of a prompt file are laid out.</summary>
public enum DatasetFormat
{
    /// <summary>Recognised by the header or the keys of the first row.</summary>
    Auto,

    /// <summary>The reference's splits: {instruction, category}.</summary>
    Splits,

    /// <summary>AdvBench: goal, target.</summary>
    AdvBench,

    /// <summary>HarmBench: Behavior, FunctionalCategory, SemanticCategory, Tags, ContextString, BehaviorID.</summary>
    HarmBench,

    /// <summary>JailbreakBench: Goal, Target, Behavior, Category, Source.</summary>
    JailbreakBench,

    /// <summary>StrongREJECT: category, source, forbidden_prompt.</summary>
    StrongReject,

    /// <summary>XSTest: prompt, type, label (safe or unsafe).</summary>
    XsTest,

    /// <summary>CoCoNot: category, subcategory, prompt; "Requests with safety concerns" alone are kept.</summary>
    CoCoNot,

    /// <summary>Alpaca: instruction, input, output; rows with a blank input alone are kept.</summary>
    Alpaca,

    /// <summary>The Pile: text, meta.pile_set_name.</summary>
    Pile,

    /// <summary>One prompt a line.</summary>
    PlainText,

    /// <summary>CSV, JSON or JSONL with a named column.</summary>
    Columns,
}

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>A token that is looked for in the text itself, before the model sees it (Hugging Face <c>AddedToken</c>).</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its text.</param>
/// <param name="Special">A control token: left out where special tokens are skipped.</param>
/// <param name="LeftStrip">Takes the white space before it too.</param>
/// <param name="RightStrip">Takes the white space after it too.</param>
/// <param name="Normalized">Looked for after normalization, in its own normalized form.</param>
/// <param name="SingleWord">Counts only where no letter or digit touches it.</param>
internal sealed record AddedToken(
    int Id,
    string Content,
    bool Special = true,
    bool LeftStrip = false,
    bool RightStrip = false,
    bool Normalized = false,
    bool SingleWord = false);

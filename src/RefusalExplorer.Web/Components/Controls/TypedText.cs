namespace RefusalExplorer.Web.Components.Controls;

/// <summary>
/// The text of a field that belongs to a component above. Bound to that component's value, a field inside a panel is rendered once with the old value
/// before the new one has come down, and what was typed meanwhile is overwritten in the browser; so the field shows its own text, and takes the
/// owner's only where that is another than it was told.
/// </summary>
public sealed class TypedText
{
    private string _told = "";

    /// <summary>What the field shows.</summary>
    public string Value { get; private set; } = "";

    /// <summary>The owner's value came down.</summary>
    public void Take(string owned)
    {
        if (owned != _told)
            Value = _told = owned;
    }

    /// <summary>Somebody typed; the owner is to be told of it, now or after a pause.</summary>
    public void Type(string? text) => Value = text ?? "";

    /// <summary>What the owner is told now.</summary>
    public string Tell() => _told = Value;
}

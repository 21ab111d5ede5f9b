using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;

namespace RefusalExplorer.Web.Explore;

/// <summary>A prompt: one of a set, or the user's own words.</summary>
/// <param name="Set">Name of the set, or null for own words.</param>
/// <param name="Item">Place in the set, 0-based.</param>
/// <param name="Text">The own words.</param>
public sealed record PromptPick(string? Set, int Item = 0, string Text = "");

/// <summary>Where a group's features come from.</summary>
public enum GroupSource
{
    /// <summary>The top features of each layer by cosine to the refusal direction.</summary>
    Suggested,

    /// <summary>Features that the user named.</summary>
    Named,

    /// <summary>No features: the refusal direction itself.</summary>
    Direction,
}

/// <summary>Features that are edited alike.</summary>
public sealed record CartGroup
{
    /// <summary>Its name; unique in the cart.</summary>
    public required string Name { get; init; }

    /// <summary>Where its features come from.</summary>
    public GroupSource Source { get; init; } = GroupSource.Named;

    /// <summary>Whether it takes part.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>What is done.</summary>
    public InterventionOp Op { get; init; } = InterventionOp.Ablate;

    /// <summary>Clamp: in units of each feature's largest activation. Scale: the factor. Add: the coefficient. Else unused.</summary>
    public double Strength { get; init; } = 1;

    /// <summary>Block whose input a direction is added to.</summary>
    public int Layer { get; init; }

    /// <summary>The tokens touched.</summary>
    public TokenScope Scope { get; init; } = TokenScope.AllButFirst;

    /// <summary>The named features; empty for other sources.</summary>
    public ImmutableArray<FeatureId> Features { get; init; } = [];

    /// <summary>Features that are in the group, but left out for now.</summary>
    public ImmutableHashSet<FeatureId> Off { get; init; } = [];

    /// <inheritdoc/>
    public bool Equals(CartGroup? other) =>
        other is not null && Name == other.Name && Source == other.Source && Enabled == other.Enabled && Op == other.Op &&
        Strength.Equals(other.Strength) && Layer == other.Layer && Scope == other.Scope && Features.SequenceEqual(other.Features) && Off.SetEquals(other.Off);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Source, Enabled, Op, Strength, Features.Length, Off.Count);
}

/// <summary>Everything that the Explore page's address holds. What it opens with is the demo: a refusal, and the features that make it.</summary>
public sealed record ExploreState
{
    /// <summary>The state that the page opens with.</summary>
    public static ExploreState Default { get; } = new();

    /// <summary>A configured model's name.</summary>
    public string Model { get; init; } = "demo";

    /// <summary>The prompt.</summary>
    public PromptPick Prompt { get; init; } = new("harmful_test", 3);

    /// <summary>System prompt; empty for the template's own.</summary>
    public string System { get; init; } = "";

    /// <summary>Whether the prompt goes to the model without the chat template.</summary>
    public bool Raw { get; init; }

    /// <summary>The harmless prompt beside it, or null.</summary>
    public PromptPick? Benign { get; init; } = new("harmless_test", 1);

    /// <summary>Suggested features a layer.</summary>
    public int TopK { get; init; } = 5;

    /// <summary>The cart.</summary>
    public ImmutableArray<CartGroup> Groups { get; init; } = [new CartGroup { Name = "Suggested", Source = GroupSource.Suggested }];

    /// <summary>Most new tokens.</summary>
    public int MaxNewTokens { get; init; } = 48;

    /// <summary>0 is greedy.</summary>
    public double Temperature { get; init; }

    /// <summary>Seed of sampling and of the random control.</summary>
    public int Seed { get; init; }

    /// <summary>Whether random features run as a control.</summary>
    public bool Control { get; init; } = true;

    /// <summary>The feature in the inspector, or null.</summary>
    public FeatureId? Selected { get; init; }

    /// <inheritdoc/>
    public bool Equals(ExploreState? other) =>
        other is not null && Model == other.Model && Prompt == other.Prompt && System == other.System && Raw == other.Raw && Benign == other.Benign &&
        TopK == other.TopK && Groups.SequenceEqual(other.Groups) && MaxNewTokens == other.MaxNewTokens && Temperature.Equals(other.Temperature) &&
        Seed == other.Seed && Control == other.Control && Selected == other.Selected;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Model, Prompt, System, Benign, TopK, Groups.Length, MaxNewTokens, Seed);

    /// <summary>The state with a group replaced (the one of that name), added (if there is none) or, for null, removed.</summary>
    public ExploreState WithGroup(string name, CartGroup? group)
    {
        int at = Groups.IndexOf(Groups.FirstOrDefault(g => g.Name == name)!);
        return this with
        {
            Groups = (at, group) switch
            {
                ( >= 0, null) => Groups.RemoveAt(at),
                ( >= 0, _) => Groups.SetItem(at, group),
                (_, null) => Groups,
                _ => Groups.Add(group),
            },
        };
    }
}

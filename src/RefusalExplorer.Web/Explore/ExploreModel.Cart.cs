using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;

namespace RefusalExplorer.Web.Explore;

/// <content>What the user does to the cart.</content>
public sealed partial class ExploreModel
{
    private const string OwnGroup = "Named";

    /// <summary>Adds features as the user typed or pasted them; whether they were taken.</summary>
    public async Task<bool> AddAsync(string text)
    {
        CartError = null;
        IReadOnlyList<FeatureId> features;
        try
        {
            features = FeatureText.Parse(text);
        }
        catch (EngineException e)
        {
            CartError = e.Message;
            Raise();
            return false;
        }
        if (!await LookUpAsync(features))
            return false;
        CartGroup group = State.Groups.LastOrDefault(g => g.Source == GroupSource.Named) ?? new CartGroup { Name = Unused(OwnGroup) };
        Set(State.WithGroup(group.Name, group with
        {
            Features = [.. group.Features.Concat(features).Distinct()],
            Off = group.Off.Except(features),
        }) with
        { Selected = features[0] });
        return true;
    }

    /// <summary>Adds a group; returns its name.</summary>
    public string AddGroup(GroupSource source)
    {
        CartGroup group = source switch
        {
            GroupSource.Direction => new CartGroup { Name = Unused("Direction"), Source = source, Op = InterventionOp.ProjectOut, Scope = TokenScope.All },
            GroupSource.Suggested => new CartGroup { Name = Unused("Suggested"), Source = source },
            _ => new CartGroup { Name = Unused(OwnGroup) },
        };
        Set(State.WithGroup(group.Name, group));
        return group.Name;
    }

    /// <summary>Changes a group.</summary>
    public void Update(CartGroup group)
    {
        CartError = null;
        Set(State.WithGroup(group.Name, group));
    }

    /// <summary>Removes a group.</summary>
    public void Remove(string group) => Set(State.WithGroup(group, null));

    /// <summary>Leaves a feature out of its group, or takes it in again.</summary>
    public void Toggle(CartGroup group, FeatureId feature) =>
        Update(group with { Off = group.Off.SymmetricExcept([feature]) });

    /// <summary>Removes a named feature from its group.</summary>
    public void Remove(CartGroup group, FeatureId feature) =>
        Update(group with { Features = group.Features.Remove(feature), Off = group.Off.Remove(feature) });

    /// <summary>Gives the selected feature's group that operation; a feature of no group is added first.</summary>
    public async Task ApplyAsync(InterventionOp op)
    {
        if (Inspected is not { } selected)
            return;
        if (!State.Groups.Any(g => Members(g).Contains(selected)) && !await AddAsync(selected.ToString()))
            return;
        CartGroup group = State.Groups.First(g => Members(g).Contains(selected));
        Update(group with { Op = op, Strength = 1 });
    }

    /// <summary>Says what is wrong with a field of the cart.</summary>
    public void Complain(string? message)
    {
        CartError = message;
        Raise();
    }

    private string Unused(string name) => !State.Groups.Any(g => g.Name == name)
        ? name
        : Enumerable.Range(2, int.MaxValue - 2).Select(i => $"{name} {i}").First(n => !State.Groups.Any(g => g.Name == n));
}

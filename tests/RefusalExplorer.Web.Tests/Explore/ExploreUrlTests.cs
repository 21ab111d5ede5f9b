using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Web.Explore;
using Xunit;

namespace RefusalExplorer.Web.Tests.Explore;

public sealed class ExploreUrlTests
{
    [Fact]
    public void Default_IsAnEmptyQuery() => Assert.Equal("", ExploreUrl.Write(ExploreState.Default));

    [Fact]
    public void EverythingSet_ComesBack()
    {
        var state = new ExploreState
        {
            Model = "gemma-2-2b-it",
            Prompt = new PromptPick(null, 0, "Why? ~ & = # % + ünï\nline"),
            System = "Be brief",
            Raw = true,
            Benign = null,
            TopK = 3,
            Groups =
            [
                new CartGroup { Name = "Sugg~ested", Source = GroupSource.Suggested, Off = [new FeatureId(8, 1)] },
                new CartGroup { Name = "Named", Op = InterventionOp.Clamp, Strength = -1.25, Enabled = false, Scope = TokenScope.At([1, 4]), Features = [new FeatureId(12, 5), new FeatureId(14, 9)] },
                new CartGroup { Name = "Direction", Source = GroupSource.Direction, Op = InterventionOp.Add, Layer = 8, Strength = 0.5, Scope = TokenScope.Last(2) },
            ],
            MaxNewTokens = 7,
            Temperature = 0.7,
            Seed = 42,
            Control = false,
            Selected = new FeatureId(12, 5),
        };

        ExploreState back = ExploreUrl.Read(ExploreUrl.Write(state), out ImmutableArray<string> problems);

        Assert.Empty(problems);
        Assert.Equal(state, back);
    }

    [Fact]
    public void EmptyCart_ComesBackEmpty() =>
        Assert.Empty(ExploreUrl.Read(ExploreUrl.Write(ExploreState.Default with { Groups = [] }), out _).Groups);

    [Theory]
    [InlineData("?k=21", "k=21")]
    [InlineData("?n=0", "n=0")]
    [InlineData("?t=hot", "t=hot")]
    [InlineData("?p=nodot", "p=nodot")]
    [InlineData("?g=on~explode~1~all~L1-2~~x", "g=on")]
    [InlineData("?f=twelve", "f=twelve")]
    public void WhatCannotBeRead_IsSaid_AndTheRestIsKept(string query, string named)
    {
        ExploreState state = ExploreUrl.Read(query + "&seed=5", out ImmutableArray<string> problems);

        Assert.Contains(named, Assert.Single(problems), StringComparison.Ordinal);
        Assert.Equal(ExploreState.Default with { Seed = 5 }, state);
    }

    [Fact]
    public void OthersParameters_AreNoProblem()
    {
        Assert.Equal(ExploreState.Default, ExploreUrl.Read("?token=secret&utm=x", out ImmutableArray<string> problems));
        Assert.Empty(problems);
    }
}

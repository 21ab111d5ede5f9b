using RefusalExplorer.Web.Explore;
using Xunit;

namespace RefusalExplorer.Web.Tests.Explore;

public sealed class NumbersTests
{
    [Fact]
    public void Minus_IsTheTrueOne_InFrontAndInExponents()
    {
        Assert.Equal("2.7e−4", Numbers.Probability(0.00027));
        Assert.Equal("−0.018", Numbers.Brief(-0.018));
        Assert.Equal("−259.1", Numbers.Brief(-259.13));
        Assert.Equal("−2.7e−4", Numbers.WithSign(-0.00027));
        Assert.Equal("−0.500", Numbers.Cosine(-0.5));
        Assert.Equal("+0.500", Numbers.Cosine(0.5));
    }

    [Fact]
    public void WhatIsNoNumber_IsADash() => Assert.Equal(("–", "–"), (Numbers.Brief(double.NaN), Numbers.Probability(double.NaN)));

    [Fact]
    public void SmallNumbers_KeepTheirSize() => Assert.Equal(("1.2e−5", "0.012"), (Numbers.Probability(0.0000123), Numbers.Brief(0.0123)));
}

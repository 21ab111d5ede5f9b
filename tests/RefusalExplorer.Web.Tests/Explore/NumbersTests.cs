using RefusalExplorer.Web.Explore;
using Xunit;

namespace RefusalExplorer.Web.Tests.Explore;

public sealed class NumbersTests
{
    [Fact]
    public void WhatIsNoNumber_IsADash() => Assert.Equal(("–", "–"), (Numbers.Brief(double.NaN), Numbers.Probability(double.NaN)));

    [Fact]
    public void SmallNumbers_KeepTheirSize() => Assert.Equal(("1.2e-5", "0.012"), (Numbers.Probability(0.0000123), Numbers.Brief(0.0123)));
}

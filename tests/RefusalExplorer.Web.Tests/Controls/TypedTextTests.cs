using RefusalExplorer.Web.Components.Controls;
using Xunit;

namespace RefusalExplorer.Web.Tests.Controls;

public sealed class TypedTextTests
{
    private readonly TypedText _text = new();

    [Fact]
    public void WhatTheOwnerWasTold_TakesBackNothingThatWasTypedSince()
    {
        _text.Type("jk");
        string told = _text.Tell();
        _text.Type("jku");

        _text.Take(told);

        Assert.Equal("jku", _text.Value);
    }

    [Fact]
    public void AnotherValueOfTheOwner_IsShown_EvenAnEmptyOne()
    {
        _text.Type("jku");
        _text.Take(_text.Tell());

        _text.Take("");
        Assert.Equal("", _text.Value);

        _text.Take("kept notes");
        Assert.Equal("kept notes", _text.Value);
    }
}

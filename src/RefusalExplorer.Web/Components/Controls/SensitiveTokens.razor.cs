using System.Collections.Immutable;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Web.Components.Controls;

/// <summary>Tokens of which only those that may be harmful are blurred: the template's stay readable, and they are where refusal is decided.</summary>
public sealed partial class SensitiveTokens
{
    /// <summary>The tokens.</summary>
    [Parameter, EditorRequired] public ImmutableArray<TokenView> Tokens { get; set; } = [];

    /// <summary>Ranges that are blurred, ascending.</summary>
    [Parameter] public ImmutableArray<Range> Hidden { get; set; } = [];

    /// <summary>As of <see cref="TokenStrip"/>.</summary>
    [Parameter] public ImmutableArray<float> Values { get; set; } = [];

    /// <summary>As of <see cref="TokenStrip"/>.</summary>
    [Parameter] public double? Maximum { get; set; }

    /// <summary>As of <see cref="TokenStrip"/>.</summary>
    [Parameter] public bool Sink { get; set; }

    /// <summary>A token was clicked; its place in <see cref="Tokens"/>.</summary>
    [Parameter] public EventCallback<int> OnSelect { get; set; }

    /// <summary>Place of the selected token.</summary>
    [Parameter] public int? Selected { get; set; }

    /// <summary>Names the tokens for those who cannot see them.</summary>
    [Parameter] public string What { get; set; } = "tokens";

    /// <summary>When this changes, other tokens are there: they are blurred again.</summary>
    [Parameter] public object? Key { get; set; }

    [Parameter] public string? Class { get; set; }

    private IEnumerable<Segment> Segments
    {
        get
        {
            int at = 0;
            foreach (Range range in Hidden)
            {
                (int from, int length) = range.GetOffsetAndLength(Tokens.Length);
                if (length == 0)
                    continue;
                if (from > at)
                    yield return new Segment(at, from, false);
                yield return new Segment(from, at = from + length, true);
            }
            if (at < Tokens.Length)
                yield return new Segment(at, Tokens.Length, false);
        }
    }

    private ImmutableArray<float> ValuesOf(Segment s) =>
        s.From >= Values.Length ? [] : Values[s.From..Math.Min(Values.Length, s.To)];

    private RenderFragment Strip(Segment s) => builder =>
    {
        builder.OpenComponent<TokenStrip>(0);
        builder.AddComponentParameter(1, nameof(TokenStrip.Tokens), Tokens[s.From..s.To]);
        builder.AddComponentParameter(2, nameof(TokenStrip.Values), ValuesOf(s));
        builder.AddComponentParameter(3, nameof(TokenStrip.Maximum), Maximum);
        builder.AddComponentParameter(4, nameof(TokenStrip.Offset), s.From);
        builder.AddComponentParameter(5, nameof(TokenStrip.Label), $"{What}, tokens {s.From}–{s.To - 1}");
        builder.AddComponentParameter(6, nameof(TokenStrip.Class), "inline");
        builder.AddComponentParameter(7, nameof(TokenStrip.Selected), Selected is { } i && i >= s.From && i < s.To ? i - s.From : null);
        builder.AddComponentParameter(8, nameof(TokenStrip.Sink), Sink);
        if (OnSelect.HasDelegate)
            builder.AddComponentParameter(9, nameof(TokenStrip.OnSelect), EventCallback.Factory.Create<int>(this, i => OnSelect.InvokeAsync(s.From + i)));
        builder.CloseComponent();
    };

    private sealed record Segment(int From, int To, bool Hidden);
}

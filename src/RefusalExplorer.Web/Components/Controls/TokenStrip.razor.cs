using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Web.Components.Controls;

/// <summary>Tokens with their activation as opacity over the largest, never less than 0.05 where there is one.</summary>
public sealed partial class TokenStrip
{
    private const double Floor = 0.05;

    /// <summary>The tokens.</summary>
    [Parameter, EditorRequired] public ImmutableArray<TokenView> Tokens { get; set; } = [];

    /// <summary>One value a token, or fewer where the rest is not known.</summary>
    [Parameter] public ImmutableArray<float> Values { get; set; } = [];

    /// <summary>Value of full opacity; the largest of <see cref="Values"/> if it is null.</summary>
    [Parameter] public double? Maximum { get; set; }

    /// <summary>Whether the sequence begins with an attention sink: what is found there means nothing, so it has no colour, and says what it is.</summary>
    [Parameter] public bool Sink { get; set; }

    /// <summary>Position of the first token in the whole sequence.</summary>
    [Parameter] public int Offset { get; set; }

    /// <summary>The selected token's place in <see cref="Tokens"/>.</summary>
    [Parameter] public int? Selected { get; set; }

    /// <summary>A token was clicked; without a handler tokens are plain text.</summary>
    [Parameter] public EventCallback<int> OnSelect { get; set; }

    /// <summary>Names the strip for those who cannot see it.</summary>
    [Parameter] public string Label { get; set; } = "Tokens";

    /// <summary>Further classes.</summary>
    [Parameter] public string? Class { get; set; }

    private double Largest => Maximum ?? (Values.IsDefaultOrEmpty ? 0 : Values.Max());

    private bool IsSink(int i) => Sink && Offset + i == 0;

    private string? Style(int i, double? value)
    {
        if (value is not > 0 || IsSink(i))
            return null;
        double opacity = Math.Clamp(Largest > 0 ? value.Value / Largest : 1, Floor, 1);
        return string.Create(CultureInfo.InvariantCulture, $"--a:{opacity:0.###}");
    }

    private Task OnKeyAsync(KeyboardEventArgs e, int index) => e.Key is "Enter" or " " ? OnSelect.InvokeAsync(index) : Task.CompletedTask;

    private string Title(int i, double? value)
    {
        string activation = value is { } v ? string.Create(CultureInfo.InvariantCulture, $" · activation {v:0.###}") : "";
        string sink = IsSink(i) ? ", which means nothing: the first token is an attention sink, and no SAE was trained on it" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{Offset + i}: {Tokens[i].Piece} (id {Tokens[i].Id}){activation}{sink}");
    }
}

using MudBlazor;

namespace RefusalExplorer.Web.Theme;

/// <summary>The dashboard's look: small, calm, two palettes. <c>wwwroot/css/app.css</c> holds the same colours for what is not MudBlazor's.</summary>
public static class DashboardTheme
{
    private static readonly string[] Sans = ["Inter", "system-ui", "sans-serif"];

    public static MudTheme Theme { get; } = new()
    {
        PaletteLight = new PaletteLight
        {
            Primary = "#0b5c8a",
            Secondary = "#b84a00",
            Tertiary = "#0b6e6e",
            Info = "#0b63a5",
            Success = "#00704f",
            Warning = "#8a5a00",
            Error = "#b3261e",
            Background = "#f4f6f8",
            BackgroundGray = "#eceff3",
            Surface = "#ffffff",
            AppbarBackground = "#ffffff",
            AppbarText = "#1d2733",
            TextPrimary = "#1d2733",
            TextSecondary = "#55616f",
            TextDisabled = "#7a8490",
            ActionDefault = "#55616f",
            LinesDefault = "#dfe4ea",
            LinesInputs = "#8c96a3",
            TableLines = "#e3e7ec",
            TableHover = "#f0f4f8",
            Divider = "#dfe4ea",
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#6cb6ea",
            PrimaryContrastText = "#0c1218",
            Secondary = "#f59a52",
            SecondaryContrastText = "#0c1218",
            Tertiary = "#4cc2b8",
            Info = "#62b0ee",
            Success = "#4fc79a",
            Warning = "#e3b24d",
            Error = "#ff8a80",
            ErrorContrastText = "#0c1218",
            Background = "#10151b",
            BackgroundGray = "#0c1116",
            Surface = "#181f27",
            AppbarBackground = "#141a21",
            AppbarText = "#e4e9ef",
            TextPrimary = "#e4e9ef",
            TextSecondary = "#9aa6b4",
            TextDisabled = "#7d8997",
            ActionDefault = "#9aa6b4",
            LinesDefault = "#2a333e",
            LinesInputs = "#66727f",
            TableLines = "#2a333e",
            TableHover = "#1e2731",
            Divider = "#2a333e",
        },
        Typography = new Typography
        {
            Default = new DefaultTypography { FontFamily = Sans, FontSize = ".8125rem", LineHeight = "1.45", LetterSpacing = "normal" },
            Button = new ButtonTypography { FontFamily = Sans, FontSize = ".8125rem", FontWeight = "600", TextTransform = "none", LetterSpacing = "normal" },
            H6 = new H6Typography { FontFamily = Sans, FontSize = ".95rem", FontWeight = "650", LetterSpacing = "normal" },
            Body1 = new Body1Typography { FontFamily = Sans, FontSize = ".8125rem", LetterSpacing = "normal" },
            Body2 = new Body2Typography { FontFamily = Sans, FontSize = ".8125rem", LetterSpacing = "normal" },
            Caption = new CaptionTypography { FontFamily = Sans, FontSize = ".75rem", LetterSpacing = "normal" },
        },
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "6px", AppbarHeight = "46px" },
    };
}

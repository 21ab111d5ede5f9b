namespace RefusalExplorer.Pipeline.Reports;

/// <summary>The style sheet of reports: light, dark and print; hues that colour-blind readers tell apart (Okabe and Ito), as on the dashboard.</summary>
internal static class ReportStyle
{
    public const string Css = """
        :root{color-scheme:light dark;--bg:#fff;--text:#1d2733;--muted:#55616f;--grid:#e3e7ec;--baseline:#0b63a5;--features:#b84a00;--direction:#0b6e6e;--control:#6b7480;--o0:#0b63a5;--o1:#b84a00;--o2:#00785a;--o3:#a3457a;--o4:#8a6d00;--o5:#2f7fb8}
        @media (prefers-color-scheme:dark){:root{--bg:#12181f;--text:#e4e9ef;--muted:#9aa6b4;--grid:#2a333e;--baseline:#62b0ee;--features:#f59a52;--direction:#4cc2b8;--control:#98a3b0;--o0:#62b0ee;--o1:#f59a52;--o2:#3fc39b;--o3:#e08fbd;--o4:#e3c14d;--o5:#9ad0f5}}
        body{margin:0;background:var(--bg);color:var(--text);font:15px/1.5 system-ui,sans-serif}main{max-width:980px;margin:0 auto;padding:24px 16px}
        h1{font-size:1.7rem}h2{margin-top:3rem;border-top:1px solid var(--grid);padding-top:1rem}h3{font-size:1rem;margin:1.5rem 0 .4rem}
        .made,.paper,.more,.hash{color:var(--muted);font-size:.85rem}.question{font-weight:600}.read{border-left:3px solid var(--direction);padding-left:.8rem}
        nav ul{columns:2;padding-left:1.2rem}a{color:var(--baseline)}figure{margin:1rem 0;overflow-x:auto}figcaption{font-weight:600}svg{display:block;width:100%;min-width:560px;height:auto;max-width:760px}
        svg text{fill:var(--muted);font-size:11px}.end{text-anchor:end}.middle{text-anchor:middle}.grid{stroke:var(--grid)}.marker{stroke:var(--muted);stroke-dasharray:3 3}.whisker{stroke:var(--text)}
        .line{fill:none;stroke-width:2}.line.dashed{stroke-dasharray:6 4}.band{opacity:.15;stroke:none}.value{stroke-width:2.5}.draw{opacity:.55}
        .baseline{--c:var(--baseline)}.features{--c:var(--features)}.direction{--c:var(--direction)}.control{--c:var(--control)}
        .other0{--c:var(--o0)}.other1{--c:var(--o1)}.other2{--c:var(--o2)}.other3{--c:var(--o3)}.other4{--c:var(--o4)}.other5{--c:var(--o5)}
        .line,.value{stroke:var(--c)}.band,.dot,.bar,.draw{fill:var(--c)}.warm{fill:var(--features)}.cold{fill:var(--baseline)}
        .legend{margin:.2rem 0;font-size:.85rem}.legend span{margin-right:1.2rem}.key{display:inline-block;width:16px;height:0;border-top:3px solid var(--c);vertical-align:middle;margin-right:.4rem}.key.dashed{border-top-style:dashed}
        .scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem}th,td{padding:.25rem .6rem;border-bottom:1px solid var(--grid);text-align:left;vertical-align:top}.n{text-align:right;font-variant-numeric:tabular-nums}td.n,td.f{white-space:nowrap}td.w{min-width:32rem}.cell[open] summary{color:var(--muted)}
        .withheld{color:var(--muted);font-style:italic}pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.75rem;max-height:24rem;overflow:auto;border:1px solid var(--grid);padding:.6rem}
        @media print{:root{color-scheme:light;--bg:#fff;--text:#1d2733;--muted:#55616f;--grid:#e3e7ec;--baseline:#0b63a5;--features:#b84a00;--direction:#0b6e6e;--control:#6b7480;--o0:#0b63a5;--o1:#b84a00;--o2:#00785a;--o3:#a3457a;--o4:#8a6d00;--o5:#2f7fb8}body{print-color-adjust:exact}main{max-width:none}figure{overflow:visible}svg{min-width:0}section,figure,tr{break-inside:avoid-page}section{break-inside:auto}.scroll,pre{overflow:visible;max-height:none}td.w{min-width:0}nav{display:none}}
        """;
}

using System.Text;

namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>
/// A parsed Jinja template: the part of jinja2 that chat templates use, with transformers' settings and its tojson, raise_exception,
/// strftime_now, loop controls and generation blocks. No .NET engine follows jinja2's white space; these texts must match to the byte.
/// </summary>
internal sealed class JinjaTemplate
{
    private readonly Statement _body;

    private JinjaTemplate(Statement body) => _body = body;

    /// <exception cref="JinjaException">It is no template, or uses what chat templates cannot.</exception>
    internal static JinjaTemplate Parse(string source) => new(new JinjaParser(JinjaLexer.Read(source)).Template());

    /// <exception cref="JinjaException">It cannot be rendered.</exception>
    /// <exception cref="EngineException">The template raised its own error.</exception>
    internal string Render(IReadOnlyDictionary<string, object?> variables)
    {
        var scope = new Scope(new RenderState(), null);
        foreach ((string name, object? value) in variables)
            scope.Set(name, value);
        var output = new StringBuilder();
        _body.Run(scope, output);
        return output.ToString();
    }
}

using System.Collections.Immutable;
using System.Text;
using System.Text.RegularExpressions;

namespace RefusalExplorer.Data.Hub;

/// <summary>Patterns as the hub's own tools take them: <c>*</c> and <c>?</c> match slashes too, a folder's name with a slash stands for all in it.</summary>
internal sealed class PathPattern
{
    private readonly Regex _regex;

    public PathPattern(string pattern)
    {
        var regex = new StringBuilder("^");
        foreach (char c in pattern.EndsWith('/') ? pattern + "*" : pattern)
            regex.Append(c switch { '*' => ".*", '?' => ".", _ => Regex.Escape(c.ToString()) });
        _regex = new Regex(regex.Append('$').ToString(), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline);
    }

    public bool Matches(string path) => _regex.IsMatch(path);

    public static Func<string, bool> AnyOf(ImmutableArray<string> patterns)
    {
        PathPattern[] compiled = [.. patterns.Select(p => new PathPattern(p))];
        return path => compiled.Any(p => p.Matches(path));
    }
}

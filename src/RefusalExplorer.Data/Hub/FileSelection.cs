using System.Collections.Immutable;

namespace RefusalExplorer.Data.Hub;

/// <summary>Which files of a repository a download takes.</summary>
internal static class FileSelection
{
    // Beside safetensors, repositories carry the same weights in other forms; each would double the download.
    private static readonly ImmutableArray<string> ModelFiles =
    [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json",
        "added_tokens.json", "vocab.json", "merges.txt", "chat_template.json", "chat_template.jinja",
    ];

    /// <exception cref="HubException">A pattern matches nothing, or nothing can be chosen without one.</exception>
    public static ImmutableArray<HubFile> Choose(HubRequest request, ImmutableArray<HubFile> files) =>
        request.Include.IsEmpty ? Model(request, files) : Included(request, files);

    private static ImmutableArray<HubFile> Included(HubRequest request, ImmutableArray<HubFile> files)
    {
        foreach (string pattern in request.Include)
        {
            var compiled = new PathPattern(pattern);
            if (!files.Any(f => compiled.Matches(f.Path)))
                throw new HubException(HubFault.FileNotFound, $"{request.Repo}: no file matches '{pattern}'; it holds {Some(files)}");
        }
        Func<string, bool> wanted = PathPattern.AnyOf(request.Include);
        return [.. files.Where(f => wanted(f.Path))];
    }

    private static ImmutableArray<HubFile> Model(HubRequest request, ImmutableArray<HubFile> files)
    {
        HubFile[] top = [.. files.Where(f => !f.Path.Contains('/', StringComparison.Ordinal))];
        HubFile[] weights = [.. top.Where(f => f.Path.EndsWith(".safetensors", StringComparison.Ordinal))];
        HubFile[] gguf = [.. top.Where(f => f.Path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))];
        if (weights.Length > 0 && top.Any(f => f.Path == "config.json"))
            return [.. top.Where(f => ModelFiles.Contains(f.Path) || weights.Contains(f) || f.Path.EndsWith(".safetensors.index.json", StringComparison.Ordinal))];
        if (gguf.Length == 1)
            return [.. gguf];
        if (gguf.Length > 1)
        {
            throw new HubException(HubFault.Request,
                $"{request.Repo}: {gguf.Length} GGUF files; choose one with --include: {string.Join(", ", gguf.Select(f => $"{f.Path} ({ByteSize.Text(f.Size)})"))}");
        }
        if (top.Any(f => f.Path.EndsWith(".bin", StringComparison.Ordinal) || f.Path.EndsWith(".pth", StringComparison.Ordinal)))
        {
            throw new HubException(HubFault.Request,
                $"{request.Repo}: expected safetensors or GGUF weights, found PyTorch pickles alone; choose a converted repository, or files with --include");
        }
        throw new HubException(HubFault.Request,
            $"{request.Repo}: {files.Length} files, {ByteSize.Text(files.Sum(f => f.Size))}, and no model at its top; choose files with --include, it holds {Some(files)}");
    }

    private static string Some(ImmutableArray<HubFile> files) =>
        string.Join(", ", files.Take(6).Select(f => f.Path)) + (files.Length > 6 ? $" and {files.Length - 6} more" : "");
}

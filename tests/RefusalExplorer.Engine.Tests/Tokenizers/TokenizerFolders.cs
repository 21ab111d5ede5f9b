using System.IO.Compression;

namespace RefusalExplorer.Engine.Tests.Tokenizers;

/// <summary>The reference tokenizers' files, unpacked once per process.</summary>
internal static class TokenizerFolders
{
    private static readonly Lazy<string> Root = new(Unpack);

    internal static string Gemma2 => Path.Combine(Root.Value, "gemma-2");

    internal static string Llama31 => Path.Combine(Root.Value, "llama-3.1");

    internal static string SmolLm2 => Path.Combine(Root.Value, "smollm2");

    private static string Unpack()
    {
        string root = Directory.CreateTempSubdirectory("refusal-explorer-tokenizers-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(root, recursive: true);
        string packed = Golden.Path("tokenizers");
        foreach (string file in Directory.GetFiles(packed, "*.br", SearchOption.AllDirectories))
        {
            string target = Path.Combine(root, Path.GetRelativePath(packed, file)[..^".br".Length]);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            using var from = new BrotliStream(File.OpenRead(file), CompressionMode.Decompress);
            using FileStream to = File.Create(target);
            from.CopyTo(to);
        }
        return root;
    }
}

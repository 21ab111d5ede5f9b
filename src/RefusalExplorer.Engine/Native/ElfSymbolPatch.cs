using System.Buffers.Binary;
using System.Text;

namespace RefusalExplorer.Engine.Native;

/// <summary>
/// Makes a copy of TorchSharp's native library that loads with an older libstdc++ (Debian 12, Ubuntu 22.04).
/// </summary>
/// <remarks>
/// TorchSharp 0.107 asks for <c>GLIBCXX_3.4.32</c> for one symbol, <c>_ZSt21ios_base_library_initv</c>: an initialiser without
/// arguments that LibTorch's own libraries have already run. The copy marks that version as weak and binds the symbol to another
/// import that takes no arguments and has no side effect. Three small writes, in the copy only.
/// </remarks>
internal static class ElfSymbolPatch
{
    private const string MissingVersion = "GLIBCXX_3.4.32";
    private const string MissingSymbol = "_ZSt21ios_base_library_initv";
    private const string HarmlessSymbol = "_ZNSt6chrono3_V212steady_clock3nowEv";
    private const int SectionDynamicSymbols = 11;
    private const int SectionVersionSymbols = 0x6fffffff;
    private const int SectionVersionNeeds = 0x6ffffffe;
    private const ushort WeakVersionFlag = 2;

    /// <summary>Returns the patched bytes, or null where the file does not ask for the missing version.</summary>
    /// <exception cref="InvalidDataException">The file is not the 64-bit ELF library that the patch knows.</exception>
    public static byte[]? TryPatch(ReadOnlySpan<byte> library)
    {
        byte[] bytes = library.ToArray();
        if (bytes.Length < 64 || bytes[0] != 0x7f || bytes[1] != 'E' || bytes[4] != 2 || bytes[5] != 1)
            throw new InvalidDataException("not a little-endian 64-bit ELF library");
        Section[] sections = ReadSections(bytes);
        Section symbols = sections.Single(s => s.Type == SectionDynamicSymbols);
        Section symbolVersions = sections.Single(s => s.Type == SectionVersionSymbols);
        Section versionNeeds = sections.Single(s => s.Type == SectionVersionNeeds);
        Section strings = sections[symbols.Link];

        if (!MarkVersionWeak(bytes, versionNeeds, sections[versionNeeds.Link]))
            return null;
        int missing = FindSymbol(bytes, symbols, strings, MissingSymbol);
        int harmless = FindSymbol(bytes, symbols, strings, HarmlessSymbol);
        if (missing < 0 || harmless < 0)
            throw new InvalidDataException($"imports neither {MissingSymbol} nor {HarmlessSymbol} as expected");

        bytes.AsSpan(symbols.Offset + (harmless * 24), 4).CopyTo(bytes.AsSpan(symbols.Offset + (missing * 24), 4));
        bytes.AsSpan(symbolVersions.Offset + (harmless * 2), 2).CopyTo(bytes.AsSpan(symbolVersions.Offset + (missing * 2), 2));
        return bytes;
    }

    private static Section[] ReadSections(byte[] bytes)
    {
        long table = BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(0x28));
        int entrySize = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(0x3a));
        int count = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(0x3c));
        var sections = new Section[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = bytes.AsSpan(checked((int)table) + (i * entrySize), entrySize);
            sections[i] = new Section(
                BinaryPrimitives.ReadInt32LittleEndian(header[4..]),
                (int)BinaryPrimitives.ReadInt64LittleEndian(header[0x18..]),
                (int)BinaryPrimitives.ReadInt64LittleEndian(header[0x20..]),
                BinaryPrimitives.ReadInt32LittleEndian(header[0x28..]));
        }
        return sections;
    }

    // verneed lists libraries, vernaux the versions wanted of each; vna_flags is at offset 4, vna_name at 8, vna_next at 12.
    private static bool MarkVersionWeak(byte[] bytes, Section needs, Section strings)
    {
        int need = needs.Offset;
        while (true)
        {
            int auxiliary = need + BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(need + 8));
            while (true)
            {
                if (NameAt(bytes, strings, BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(auxiliary + 8))) == MissingVersion)
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(auxiliary + 4), WeakVersionFlag);
                    return true;
                }
                int nextAuxiliary = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(auxiliary + 12));
                if (nextAuxiliary == 0)
                    break;
                auxiliary += nextAuxiliary;
            }
            int next = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(need + 12));
            if (next == 0)
                return false;
            need += next;
        }
    }

    private static int FindSymbol(byte[] bytes, Section symbols, Section strings, string name)
    {
        for (int i = 0; i < symbols.Size / 24; i++)
        {
            int nameOffset = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(symbols.Offset + (i * 24)));
            if (NameAt(bytes, strings, nameOffset) == name)
                return i;
        }
        return -1;
    }

    private static string NameAt(byte[] bytes, Section strings, int offset)
    {
        ReadOnlySpan<byte> rest = bytes.AsSpan(strings.Offset + offset);
        return Encoding.ASCII.GetString(rest[..rest.IndexOf((byte)0)]);
    }

    private readonly record struct Section(int Type, int Offset, int Size, int Link);
}

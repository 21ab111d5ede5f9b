namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>The checksum of zip archives (ISO 3309, reflected polynomial 0xEDB88320).</summary>
internal sealed class Crc32
{
    private static readonly uint[] Table = MakeTable();
    private uint _state = uint.MaxValue;

    internal uint Value => ~_state;

    internal void Append(ReadOnlySpan<byte> data)
    {
        uint state = _state;
        foreach (byte b in data)
            state = Table[(byte)(state ^ b)] ^ (state >> 8);
        _state = state;
    }

    private static uint[] MakeTable()
    {
        var table = new uint[256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++)
                value = (value >> 1) ^ ((value & 1) * 0xEDB88320);
            table[i] = value;
        }
        return table;
    }
}

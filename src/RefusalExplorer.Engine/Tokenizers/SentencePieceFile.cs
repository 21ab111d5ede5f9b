using System.Text;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>Reads <c>tokenizer.model</c> (sentencepiece <c>sentencepiece_model.proto</c>), models of type BPE.</summary>
internal static class SentencePieceFile
{
    private const long MaxFileBytes = 100_000_000;
    private const int BpeType = 2;

    /// <exception cref="CheckpointFormatException">It is broken, or a unigram model, or one with a character map.</exception>
    internal static TokenizerParts Read(string path) => Read(path, TokenizerFiles.ReadAll(path, MaxFileBytes));

    internal static TokenizerParts Read(string path, ReadOnlySpan<byte> bytes)
    {
        var pieces = new List<SentencePiece>();
        var options = new SentencePieceOptions();
        int type = 1;
        var reader = new ProtobufReader(bytes, path);
        while (reader.Next())
        {
            if (reader.Field == 1)
                pieces.Add(ReadPiece(path, reader.Bytes));
            else if (reader.Field == 2)
                options = ReadTrainer(path, reader.Bytes, options, ref type);
            else if (reader.Field == 3)
                options = ReadNormalizer(path, reader.Bytes, options);
        }
        if (pieces.Count == 0)
            throw new CheckpointFormatException(path, "no pieces, expected a sentencepiece model; download or copy it again");
        if (type != BpeType)
            throw new CheckpointFormatException(path, $"model type {type}, expected {BpeType} (BPE)", "trainer_spec.model_type");
        return SentencePieceModel.Build(path, pieces, options);
    }

    private static SentencePiece ReadPiece(string path, ReadOnlySpan<byte> message)
    {
        var piece = new SentencePiece("", 0, SentencePiece.Normal);
        var reader = new ProtobufReader(message, path);
        while (reader.Next())
        {
            piece = reader.Field switch
            {
                1 => piece with { Text = Encoding.UTF8.GetString(reader.Bytes) },
                2 => piece with { Score = reader.Single },
                3 => piece with { Type = (int)reader.Number },
                _ => piece,
            };
        }
        return piece;
    }

    private static SentencePieceOptions ReadTrainer(string path, ReadOnlySpan<byte> message, SentencePieceOptions options, ref int type)
    {
        var reader = new ProtobufReader(message, path);
        while (reader.Next())
        {
            if (reader.Field == 3)
                type = (int)reader.Number;
            options = reader.Field switch
            {
                35 => options with { ByteFallback = reader.Number != 0 },
                40 => options with { UnknownId = (int)reader.Number },
                41 => options with { BosId = (int)reader.Number },
                42 => options with { EosId = (int)reader.Number },
                _ => options,
            };
        }
        return options;
    }

    private static SentencePieceOptions ReadNormalizer(string path, ReadOnlySpan<byte> message, SentencePieceOptions options)
    {
        var reader = new ProtobufReader(message, path);
        while (reader.Next())
        {
            if (reader.Field == 2 && !reader.Bytes.IsEmpty)
                throw new CheckpointFormatException(path, "a character map, expected the identity; use the checkpoint's tokenizer.json", "normalizer_spec");
            if (reader.Field == 3)
                options = options with { DummyPrefix = reader.Number != 0 };
        }
        return options;
    }
}

using System.Text;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>Feeds pieces through decoding steps.</summary>
/// <param name="steps">New steps, in order.</param>
/// <param name="piece">The piece of an id, or null for an id that is left out.</param>
internal sealed class StreamDecoder(IReadOnlyList<IDecodingStep> steps, Func<int, string?> piece) : IStreamDecoder
{
    private readonly StringBuilder _text = new();

    public string Push(int id)
    {
        if (piece(id) is { } text)
            Push(text, 0);
        return Take();
    }

    public string Flush()
    {
        for (int i = 0; i < steps.Count; i++)
        {
            int next = i + 1;
            steps[i].Flush(text => Push(text, next));
        }
        return Take();
    }

    internal void Feed(int id)
    {
        if (piece(id) is { } text)
            Push(text, 0);
    }

    private void Push(string text, int step)
    {
        if (step == steps.Count)
            _text.Append(text);
        else
            steps[step].Push(text, next => Push(next, step + 1));
    }

    private string Take()
    {
        string text = _text.ToString();
        _text.Clear();
        return text;
    }
}

namespace RefusalExplorer.Engine.Interventions;

/// <summary>The columns of one pass, row by row: what a scope needs to know about each token.</summary>
/// <param name="ids">Token ids of the pass, [B][T]; rows are padded on the left.</param>
/// <param name="padding">Padding columns on the left of each row, counted over the whole sequence.</param>
/// <param name="promptLengths">Prompt tokens of each row, padding not counted.</param>
/// <param name="past">Columns before this pass.</param>
/// <param name="isSpecial">Whether an id is special.</param>
internal sealed class StepTokens(int[][] ids, int[] padding, int[] promptLengths, int past, Func<int, bool> isSpecial)
{
    public int Rows => ids.Length;

    public int Columns => ids[0].Length;

    /// <summary>Position of a column in its row's own sequence; negative for padding.</summary>
    public int Position(int row, int column) => past + column - padding[row];

    public bool InScope(int row, int column, TokenScope scope)
    {
        int position = Position(row, column);
        return position >= 0 && scope.Covers(position, promptLengths[row], isSpecial(ids[row][column]));
    }
}

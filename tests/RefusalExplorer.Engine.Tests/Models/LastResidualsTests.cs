using System.Collections.Immutable;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Models;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Models;

public sealed class LastResidualsTests
{
    private const int Layer = 1;

    private static readonly ImmutableArray<int>[] Rows = [[1, 7, 9, 4, 30, 2], [1, 7, 9, 11], [1, 7, 9, 4, 5, 6, 8, 12]];

    public static TheoryData<string> Models => ["smol", "llama31", "gemma2"];

    [Theory]
    [MemberData(nameof(Models))]
    public void RowsWithACommonPrefix_EqualWholeForwardPasses(string name)
    {
        using LanguageModel model = Golden.Model(name);
        AssertEqualForward(model, Rows);
    }

    [Fact]
    public void RowsWithNothingInCommon_AndASingleRow_EqualWholeForwardPasses()
    {
        using LanguageModel model = Golden.Model("smol");
        AssertEqualForward(model, [[3, 4, 5], [6, 7], [9]]);
        AssertEqualForward(model, [Rows[0]]);
        AssertEqualForward(model, [Rows[1], Rows[1]]);
    }

    private static void AssertEqualForward(LanguageModel model, ImmutableArray<int>[] rows)
    {
        CancellationToken ct = TestContext.Current.CancellationToken;
        float[][] last = model.LastResiduals(rows, Layer, ct);
        for (int b = 0; b < rows.Length; b++)
        {
            ForwardResult whole = model.Forward([PromptRow.Plain(rows[b])], new CaptureSpec { LastResiduals = 1 }, ct)[0];
            Golden.Close(whole.Residuals![Layer + 1], last[b], 1e-4, $"row {b}");
        }
    }
}

using System.Reflection;
using System.Xml.Linq;
using NetArchTest.Rules;
using RefusalExplorer.Engine;
using Xunit;

namespace RefusalExplorer.Architecture.Tests;

/// <summary>The arrows of the layout: Web, Cli → Data → Pipeline → Engine.</summary>
public sealed class DependencyTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["RefusalExplorer.Engine"] = [],
        ["RefusalExplorer.Pipeline"] = ["RefusalExplorer.Engine"],
        ["RefusalExplorer.Data"] = ["RefusalExplorer.Engine", "RefusalExplorer.Pipeline"],
        ["RefusalExplorer.Web"] = ["RefusalExplorer.Engine", "RefusalExplorer.Pipeline", "RefusalExplorer.Data", "RefusalExplorer.DemoModel"],
        ["refusal-explorer"] = ["RefusalExplorer.Engine", "RefusalExplorer.Pipeline", "RefusalExplorer.Data", "RefusalExplorer.DemoModel"],
    };

    public static TheoryData<string> Assemblies => [.. Allowed.Keys];

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void Assembly_KnowsOnlyTheLayersBelow(string name)
    {
        string[] ours = [.. Assembly.Load(name).GetReferencedAssemblies().Select(a => a.Name!)
            .Where(a => a.StartsWith("RefusalExplorer", StringComparison.Ordinal) || a == "refusal-explorer")];

        Assert.Empty(ours.Except(Allowed[name]));
    }

    [Fact]
    public void Tensors_StayInEngineAndTheNumericPartsOfPipeline()
    {
        foreach (string name in new[] { "RefusalExplorer.Data", "RefusalExplorer.Web", "refusal-explorer" })
        {
            var result = Types.InAssembly(Assembly.Load(name)).Should().NotHaveDependencyOn("TorchSharp").GetResult();
            Assert.True(result.IsSuccessful, $"{name}: {string.Join(", ", result.FailingTypeNames ?? [])}");
        }
    }

    [Fact]
    public void LiteDb_IsKnownToTheStoreAlone()
    {
        var result = Types.InAssembly(Assembly.Load("RefusalExplorer.Data"))
            .That().DoNotResideInNamespace("RefusalExplorer.Data.Store").Should().NotHaveDependencyOn("LiteDB").GetResult();

        Assert.True(result.IsSuccessful, string.Join(", ", result.FailingTypeNames ?? []));
    }

    [Theory]
    [InlineData("RefusalExplorer.Engine")]
    [InlineData("RefusalExplorer.Pipeline")]
    public void PublicTypes_HaveDocumentation(string name)
    {
        Assembly assembly = Assembly.Load(name);
        var documented = XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml")).Descendants("member")
            .Select(m => m.Attribute("name")!.Value).ToHashSet();
        string[] bare = [.. assembly.GetExportedTypes().Where(t => !documented.Contains("T:" + t.FullName!.Replace('+', '.'))).Select(t => t.FullName!)];

        Assert.True(bare.Length == 0, $"without a summary: {string.Join(", ", bare)}");
    }

    [Fact]
    public void BadInput_HasOneFamilyOfExceptions() =>
        Assert.All(
            new[] { "RefusalExplorer.Engine", "RefusalExplorer.Pipeline", "RefusalExplorer.Data" }
                .SelectMany(n => Assembly.Load(n).GetExportedTypes()).Where(t => t.IsSubclassOf(typeof(Exception))),
            t => Assert.True(typeof(EngineException).IsAssignableFrom(t), t.FullName));
}

using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Web.Studies;

/// <summary>Studies that come with the program.</summary>
public static class StudyExamples
{
    private static readonly string Path = System.IO.Path.Combine(AppContext.BaseDirectory, "Examples", "study.demo.json");

    /// <summary>20 harmful prompts on the demo model, with the paper's N, thresholds and seeds.</summary>
    /// <exception cref="EngineException">The file is missing or broken.</exception>
    public static StudyDefinition Demo => StudyJson.Parse(Text, Path);

    /// <summary>Its file.</summary>
    /// <exception cref="EngineException">The file is missing.</exception>
    public static string Text
    {
        get
        {
            try
            {
                return File.ReadAllText(Path);
            }
            catch (IOException e)
            {
                throw new EngineException($"{Path}: {e.Message}; it comes with the program: install it again", e);
            }
        }
    }
}

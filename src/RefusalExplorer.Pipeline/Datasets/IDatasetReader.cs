namespace RefusalExplorer.Pipeline.Datasets;

/// <summary>Reads prompt files.</summary>
public interface IDatasetReader
{
    /// <summary>The prompts of a file; a broken row is reported in the result and the others are read.</summary>
    /// <exception cref="PipelineException">The file is missing, not of a known form, broken as a whole, or over the size limits.</exception>
    PromptDataset Read(PromptSetSpec spec, CancellationToken cancellation = default);
}

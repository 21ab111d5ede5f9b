using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Catalog;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>Engines of studies over the process's one engine thread.</summary>
public sealed class StudyEngines(EngineHost host, ModelCatalog catalog) : IStudyEngines
{
    /// <inheritdoc/>
    public IStudyEngine Open(StudyDefinition study)
    {
        ModelSpec spec = catalog.Resolve(study.Model);
        return new HostStudyEngine(host, spec with
        {
            Device = study.Device ?? spec.Device,
            Dtype = study.Dtype ?? spec.Dtype,
            Template = study.Template ?? spec.Template,
            Saes = spec.Saes.SetItems(study.Saes),
            GatingRule = study.GatingRule ?? spec.GatingRule,
            RefusalTokens = study.RefusalTokens.IsEmpty ? spec.RefusalTokens : study.RefusalTokens,
        });
    }
}

using System.Collections.Immutable;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Pipeline.Analyses.Requests;

/// <summary>What a request, or the study that it comes from, says otherwise than the model's settings.</summary>
public sealed record ModelChanges
{
    /// <summary>Device; null: as configured.</summary>
    public string? Device { get; init; }

    /// <summary>Type; null: as configured.</summary>
    public string? Dtype { get; init; }

    /// <summary>Chat template preset; null: as configured.</summary>
    public string? Template { get; init; }

    /// <summary>SAE paths by layer, beside or instead of the configured ones.</summary>
    public ImmutableSortedDictionary<int, string> Saes { get; init; } = ImmutableSortedDictionary<int, string>.Empty;

    /// <summary>How LlamaScope SAEs gate; null: as configured.</summary>
    public SaeGatingRule? GatingRule { get; init; }

    /// <summary>Ids of P("I"); empty: as configured.</summary>
    public ImmutableArray<int> RefusalTokens { get; init; } = [];

    /// <summary>Those of a study, or null where it changes nothing.</summary>
    public static ModelChanges? Of(StudyDefinition study)
    {
        ModelChanges changes = new()
        {
            Device = study.Device,
            Dtype = study.Dtype,
            Template = study.Template,
            Saes = study.Saes,
            GatingRule = study.GatingRule,
            RefusalTokens = study.RefusalTokens,
        };
        bool none = changes is { Device: null, Dtype: null, Template: null, GatingRule: null, Saes.Count: 0, RefusalTokens.IsEmpty: true };
        return none ? null : changes;
    }

    /// <summary>The model to load.</summary>
    public ModelSpec Apply(ModelSpec spec) => spec with
    {
        Device = Device ?? spec.Device,
        Dtype = Dtype ?? spec.Dtype,
        Template = Template ?? spec.Template,
        Saes = spec.Saes.SetItems(Saes),
        GatingRule = GatingRule ?? spec.GatingRule,
        RefusalTokens = RefusalTokens.IsEmpty ? spec.RefusalTokens : RefusalTokens,
    };
}

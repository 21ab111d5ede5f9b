using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Explore;

/// <summary>What the Explore page shows and does. Used on the page's own context only; <see cref="Changed"/> asks it to render.</summary>
public sealed partial class ExploreModel(IExploreCatalog catalog, SuggestionCache suggestions, ExperimentRuns runs, CacheChecks checks) : IDisposable
{
    private static readonly TimeSpan PreviewDelay = TimeSpan.FromMilliseconds(300);

    private readonly CancellationTokenSource _disposed = new();
    private readonly Dictionary<FeatureId, SuggestedFeature> _facts = [];
    private CancellationTokenSource? _previewing;
    private string? _suggestedFor;

    /// <summary>Something changed; may be raised on any thread.</summary>
    public event Action? Changed;

    /// <summary>Everything that the address holds.</summary>
    public ExploreState State { get; private set; } = ExploreState.Default;

    /// <summary>Configured models.</summary>
    public IReadOnlyList<ModelChoice> Models { get; } = catalog.Models;

    /// <summary>Prompts to pick from.</summary>
    public IReadOnlyList<PromptSet> PromptSets { get; } = catalog.PromptSets;

    /// <summary>The model in use.</summary>
    public ModelChoice? Choice => Models.FirstOrDefault(m => m.Name == State.Model);

    /// <summary>Features by cosine, best first within each layer; empty until they are known.</summary>
    public IReadOnlyList<SuggestedFeature> Suggested { get; private set; } = [];

    /// <summary>Whether the suggestions are there.</summary>
    public bool Ready => _suggestedFor == State.Model;

    /// <summary>What is known of each feature seen so far.</summary>
    public IReadOnlyDictionary<FeatureId, SuggestedFeature> Facts => _facts;

    /// <summary>The prompt as the model will see it, or null until it is known.</summary>
    public PromptPreview? Preview { get; private set; }

    /// <summary>What is wrong with the prompt.</summary>
    public string? PromptError { get; private set; }

    /// <summary>What is wrong with the cart, or with the last change of it.</summary>
    public string? CartError { get; private set; }

    /// <summary>Whether features are being looked up.</summary>
    public bool LookingUp { get; private set; }

    /// <summary>Why there is no run, or why it failed.</summary>
    public string? RunError { get; private set; }

    /// <summary>The run that is shown, or null.</summary>
    public string? RunId { get; private set; }

    /// <summary>The run if this process knows of it.</summary>
    public LiveRun<ExperimentState>? Live { get; private set; }

    /// <summary>The run's header if it was read from the store.</summary>
    public RunHeader? Header { get; private set; }

    /// <summary>The run as it is now, or null.</summary>
    public ExperimentState? View => Live?.State ?? _stored;

    /// <summary>Whether it is under way.</summary>
    public bool Running => Live is { Status: LiveStatus.Running };

    /// <summary>The check without the cache, if one was made of this run.</summary>
    public LiveRun<CacheCheck>? Check { get; private set; }

    /// <summary>Whether the page's state is no longer that of the run that is shown.</summary>
    public bool Diverged => View is { } view && view.Page != ExploreUrl.Write(State with { Selected = null });

    /// <summary>The token in the inspector: its arm and place in the whole sequence.</summary>
    public (Arm Arm, int Position)? SelectedToken { get; private set; }

    /// <summary>The feature in the inspector: the selected one, else the one that the edits changed most.</summary>
    public FeatureId? Inspected => State.Selected ?? Strongest;

    /// <summary>Features of the cart, group by group, those left out too.</summary>
    public IEnumerable<FeatureId> CartFeatures => State.Groups.SelectMany(Members).Distinct();

    private ExperimentState? _stored;

    private FeatureId? Strongest => View?.Arms.GetValueOrDefault(Arm.Intervened)?.Arm is { Effects.IsDefaultOrEmpty: false } arm
        ? arm.Effects.Where(e => e.HadEffect && arm.Activations.ContainsKey(e.Feature)).MaxBy(e => e.DeltaNorm)?.Feature
        : null;

    /// <summary>Features of a group, those left out too.</summary>
    public IReadOnlyList<FeatureId> Members(CartGroup group) => ExploreRequests.Members(group, State.TopK, Suggested);

    /// <summary>Whether the prompt, and with it the answers, may be harmful.</summary>
    public bool IsSensitive(PromptPick? pick) => pick?.Set is { } name && (PromptSets.FirstOrDefault(s => s.Name == name)?.Harmful ?? false);

    /// <summary>Whether the run that is shown had a prompt that may be harmful: of its own state, whatever the page has now.</summary>
    public bool IsRunSensitive => View is { } view && IsSensitive(ExploreUrl.Read(view.Page, out _).Prompt);

    /// <summary>Shows a state, from the address or from a run.</summary>
    public void Open(ExploreState state)
    {
        State = state;
        if (Choice is null)
            RunError = $"model '{state.Model}': expected one of {string.Join(", ", Models.Select(m => m.Name))}";
        _ = LoadSuggestionsAsync();
        _ = LookUpAsync([.. state.Groups.SelectMany(g => g.Features)]);
        SchedulePreview(TimeSpan.Zero);
        Raise();
    }

    /// <summary>The user changed something.</summary>
    public void Set(ExploreState state)
    {
        ExploreState before = State;
        State = state.Model == before.Model
            ? state
            : state with { Groups = ExploreState.Default.Groups, Selected = null };
        if (State.Model != before.Model)
            _ = LoadSuggestionsAsync();
        if (State.Model != before.Model || State.Prompt != before.Prompt || State.System != before.System || State.Raw != before.Raw)
            SchedulePreview(PreviewDelay);
        Raise();
    }

    /// <summary>Puts a feature into the inspector.</summary>
    public void Select(FeatureId feature)
    {
        SelectedToken = null;
        Set(State with { Selected = feature });
        if (!_facts.ContainsKey(feature))
            _ = LookUpAsync([feature]);
    }

    /// <summary>Puts a token into the inspector.</summary>
    public void SelectToken(Arm arm, int position)
    {
        SelectedToken = (arm, position);
        Raise();
    }

    /// <summary>Takes the token out of the inspector.</summary>
    public void ClearToken()
    {
        SelectedToken = null;
        Raise();
    }

    /// <summary>Selects the next feature of the cart, or the one before.</summary>
    public void SelectNext(int step)
    {
        List<FeatureId> all = [.. CartFeatures];
        if (all.Count == 0)
            return;
        int at = Inspected is { } selected ? all.IndexOf(selected) : -1;
        Select(all[at < 0 ? (step > 0 ? 0 : all.Count - 1) : (at + step + all.Count) % all.Count]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Live is not null)
            Live.Changed -= Raise;
        if (Check is not null)
            Check.Changed -= Raise;
        _disposed.Cancel();
        _disposed.Dispose();
        _previewing?.Dispose();
    }

    private async Task LoadSuggestionsAsync()
    {
        string model = State.Model;
        if (Choice is null)
            return;
        try
        {
            IReadOnlyList<SuggestedFeature> found = await suggestions.GetAsync(model, _disposed.Token);
            if (State.Model != model)
                return;
            Suggested = found;
            _suggestedFor = model;
            Remember(found);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        catch (EngineException e)
        {
            CartError = e.Message;
        }
        Raise();
    }

    private async Task<bool> LookUpAsync(IReadOnlyList<FeatureId> features)
    {
        FeatureId[] unknown = [.. features.Where(f => !_facts.ContainsKey(f))];
        if (unknown.Length == 0)
            return true;
        LookingUp = true;
        Raise();
        try
        {
            Remember(await catalog.DescribeAsync(State.Model, unknown, _disposed.Token));
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (EngineException e)
        {
            CartError = e.Message;
            return false;
        }
        finally
        {
            LookingUp = false;
            Raise();
        }
    }

    private void Remember(IEnumerable<SuggestedFeature> features)
    {
        foreach (SuggestedFeature feature in features)
            _facts[feature.Feature] = feature;
    }

    private void SchedulePreview(TimeSpan delay)
    {
        _previewing?.Cancel();
        _previewing?.Dispose();
        _previewing = CancellationTokenSource.CreateLinkedTokenSource(_disposed.Token);
        _ = PreviewAsync(delay, _previewing.Token);
    }

    private async Task PreviewAsync(TimeSpan delay, CancellationToken cancellation)
    {
        try
        {
            await Task.Delay(delay, cancellation);
            PromptSource source = ExploreRequests.Source(State, PromptSets);
            Preview = null;
            PromptError = null;
            Raise();
            PromptPreview preview = await catalog.PreviewAsync(State.Model, source, cancellation);
            if (!cancellation.IsCancellationRequested)
                Preview = preview;
        }
        catch (OperationCanceledException)
        {
            return;
        }
        catch (EngineException e)
        {
            (Preview, PromptError) = (null, e.Message);
        }
        Raise();
    }

    private void Raise() => Changed?.Invoke();
}

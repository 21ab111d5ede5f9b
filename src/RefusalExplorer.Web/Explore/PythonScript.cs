using System.Globalization;
using System.Text;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Web.Explore;

/// <summary>An experiment as a Python script on transformers and SAELens, which gives the same tokens.</summary>
public static class PythonScript
{
    /// <summary>The script.</summary>
    /// <param name="result">The experiment.</param>
    /// <param name="catalog">Knows where weights and SAEs are.</param>
    public static string Write(ExperimentResult result, ModelCatalog catalog)
    {
        ExperimentRequest request = result.Request;
        ConfiguredModel model = catalog.Configured(request.Model);
        IEnumerable<int> layers = request.Interventions.SelectMany(i => i.Features).Select(f => f.Layer).Distinct().Order();
        var saes = catalog.SaesOf(model);
        var script = new StringBuilder();
        script.AppendLine(CultureInfo.InvariantCulture, $"# RefusalExplorer run {result.RunId} ({result.Record.AppVersion}): baseline against intervened.");
        script.AppendLine("# pip install torch transformers sae-lens gguf");
        script.AppendLine("import torch");
        script.AppendLine("from sae_lens import SAE");
        script.AppendLine("from transformers import AutoModelForCausalLM, AutoTokenizer");
        script.AppendLine();
        script.AppendLine(Load(model, catalog.WeightsOf(model)));
        script.AppendLine("model.eval()");
        script.AppendLine(CultureInfo.InvariantCulture, $"ids = {List(result.Record.TokenIds)}  # the prompt as the model saw it");
        script.AppendLine("SAES = {");
        foreach (int layer in layers)
            script.AppendLine(CultureInfo.InvariantCulture, $"    {layer}: SAE.load_from_disk({Quote(saes.GetValueOrDefault(layer, "path of the SAE"))}),");
        script.AppendLine("}");
        script.AppendLine("# (operation, value, scope, {layer: features})");
        script.AppendLine("EDITS = [");
        foreach (Intervention edit in request.Interventions.Where(i => !i.Features.IsEmpty))
            script.AppendLine(CultureInfo.InvariantCulture, $"    ({Quote(edit.Op.ToString().ToLowerInvariant())}, {Number(edit.Value)}, {Quote(edit.Scope.ToString())}, {Features(edit)}),");
        script.AppendLine("]");
        if (request.Interventions.Any(i => i.Features.IsEmpty))
            script.AppendLine(CultureInfo.InvariantCulture, $"# Left out: edits of the direction {result.Record.Direction}; export it from the Studies page and add them by hand.");
        script.AppendLine();
        script.AppendLine(Body);
        script.AppendLine(CultureInfo.InvariantCulture, $"refusal = {List(result.Record.RefusalTokens)}");
        script.AppendLine(CultureInfo.InvariantCulture, $"for name, edits in ((\"baseline\", []), (\"intervened\", EDITS)):");
        script.AppendLine(CultureInfo.InvariantCulture, $"    p, text = run(edits, {request.Generation.MaxNewTokens})");
        script.AppendLine("    print(name, round(p, 4), repr(text))");
        if (request.Generation.Temperature > 0)
            script.AppendLine("# The run sampled; this script is greedy, since samplers do not share their random numbers.");
        return script.ToString().ReplaceLineEndings("\n");
    }

    // Without a cache: every forward pass sees the whole sequence, so a position is its index. Edits leave the SAE's error in place.
    private const string Body = """
        def covers(scope, position, prompt, special):
            kind, _, detail = scope.partition(":")
            return {"all": True, "allButFirst": position > 0, "bos": position == 0, "special": special,
                    "prompt": position < prompt, "generated": position >= prompt,
                    "last": kind == "last" and prompt - int(detail or 0) <= position < prompt,
                    "positions": kind == "positions" and str(position) in detail.split(",")}[kind]

        def hook(layer, edits, sequence):
            def edit(module, inputs, output):
                h = output[0] if isinstance(output, tuple) else output
                for op, value, scope, features in edits:
                    if layer not in features:
                        continue
                    sae, index = SAES[layer], torch.tensor(features[layer])
                    z = sae.encode(h.float())[..., index]
                    new = {"ablate": torch.zeros_like(z), "clamp": torch.full_like(z, value), "scale": z * value}[op]
                    mask = torch.tensor([covers(scope, i, len(ids), t in tokenizer.all_special_ids) for i, t in enumerate(sequence)])
                    h = h + (((new - z) * mask[None, :, None]) @ sae.W_dec[index]).to(h.dtype)
                return (h, *output[1:]) if isinstance(output, tuple) else h
            return edit

        @torch.no_grad()
        def run(edits, new_tokens):
            sequence, first = list(ids), None
            for _ in range(new_tokens):
                hooks = [model.model.layers[l].register_forward_hook(hook(l, edits, sequence)) for l in SAES]
                logits = model(torch.tensor([sequence]), use_cache=False).logits[0, -1].float()
                for h in hooks:
                    h.remove()
                first = logits if first is None else first
                sequence.append(int(logits.argmax()))
                if sequence[-1] in EOS:
                    break
            return float(first.softmax(-1)[refusal].sum()), tokenizer.decode(sequence[len(ids):], skip_special_tokens=True)

        EOS = model.generation_config.eos_token_id
        EOS = set(EOS if isinstance(EOS, list) else [EOS])
        """;

    private static string Load(ConfiguredModel model, string? weights)
    {
        if (model.Repo is { } repo)
            return $"tokenizer = AutoTokenizer.from_pretrained({Quote(repo)})\nmodel = AutoModelForCausalLM.from_pretrained({Quote(repo)}, torch_dtype=torch.{model.Dtype})";
        string path = weights ?? model.Path ?? "";
        if (!path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            return $"tokenizer = AutoTokenizer.from_pretrained({Quote(path)})\nmodel = AutoModelForCausalLM.from_pretrained({Quote(path)}, torch_dtype=torch.{model.Dtype})";
        string folder = Quote(Path.GetDirectoryName(path) ?? "."), file = Quote(Path.GetFileName(path));
        return $"tokenizer = AutoTokenizer.from_pretrained({folder}, gguf_file={file})\nmodel = AutoModelForCausalLM.from_pretrained({folder}, gguf_file={file}, torch_dtype=torch.float32)";
    }

    private static string Features(Intervention edit) => "{" + string.Join(", ", edit.Features
        .GroupBy(f => f.Layer).OrderBy(l => l.Key).Select(l => $"{l.Key.ToString(CultureInfo.InvariantCulture)}: {List(l.Select(f => f.Index))}")) + "}";

    private static string List(IEnumerable<int> values) => "[" + string.Join(", ", values.Select(v => v.ToString(CultureInfo.InvariantCulture))) + "]";

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    // A JSON string is a Python string.
    private static string Quote(string text) => System.Text.Json.JsonSerializer.Serialize(text);
}

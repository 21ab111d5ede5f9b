"""The peer of the GPU benchmark: transformers with hooks that run a full SAE, the way the field's scripts do it.

peer.py make DIR KIND     writes a checkpoint of KIND (gemma2: Gemma-2-2B's size; llama31: Llama-3.1-8B's) with random weights, and one SAE
peer.py measure DIR OURS  times the peer on the same work and compares logits and greedy tokens with what ours wrote to OURS
"""
import json, os, sys, time
import numpy as np
import torch
from safetensors.torch import save_file, load_file
from transformers import AutoModelForCausalLM, Gemma2Config, LlamaConfig

LAYERS = list(range(2, 16))
KINDS = {
    "gemma2": dict(width=65536, config=Gemma2Config(vocab_size=256000, hidden_size=2304, intermediate_size=9216, num_hidden_layers=26,
        num_attention_heads=8, num_key_value_heads=4, head_dim=256, query_pre_attn_scalar=256, sliding_window=4096, max_position_embeddings=8192)),
    "llama31": dict(width=32768, config=LlamaConfig(vocab_size=128256, hidden_size=4096, intermediate_size=14336, num_hidden_layers=32,
        num_attention_heads=32, num_key_value_heads=8, max_position_embeddings=131072, rope_theta=500000.0, rms_norm_eps=1e-5,
        rope_scaling=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192),
        tie_word_embeddings=False)),
}


def make(folder, kind):
    torch.manual_seed(0)
    spec = KINDS[kind]
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        model = AutoModelForCausalLM.from_config(spec["config"])
    # Norm weights of a trained model are not all alike, nor are its logits flat.
    for name, p in model.named_parameters():
        if "norm" in name:
            p.data.add_(torch.randn_like(p) * 0.1)
    model.save_pretrained(folder, max_shard_size="3GB")
    torch.set_default_dtype(torch.float32)
    D, F = spec["config"].hidden_size, spec["width"]
    g = torch.Generator().manual_seed(1)
    W = torch.randn(F, D, generator=g) / D ** 0.5
    os.makedirs(f"{folder}/sae")
    save_file(dict(W_enc=W.t().contiguous(), W_dec=W, b_enc=torch.zeros(F), b_dec=torch.zeros(D), threshold=torch.full((F,), 1.0)),
        f"{folder}/sae/sae_weights.safetensors")
    json.dump(dict(architecture="jumprelu", d_in=D, d_sae=F, dtype="float32", apply_b_dec_to_input=False, normalize_activations="none"),
        open(f"{folder}/sae/cfg.json", "w"))
    print("made", folder, f"{sum(p.numel() for p in model.parameters()) / 1e9:.2f} B parameters")


class Sae(torch.nn.Module):
    def __init__(self, weights):
        super().__init__()
        for name, value in weights.items():
            setattr(self, name, value.cuda())

    def forward(self, x):
        pre = x @ self.W_enc + self.b_enc
        return torch.relu(pre) * (pre > self.threshold)


def hooks(model, sae, features):
    def hook(module, args, output):
        h = output[0] if isinstance(output, tuple) else output
        x = h.float()
        z = sae(x)
        changed = z.clone()
        changed[..., features] = 0
        error = x - (z @ sae.W_dec + sae.b_dec)
        edited = (changed @ sae.W_dec + sae.b_dec + error).to(h.dtype)
        return (edited, *output[1:]) if isinstance(output, tuple) else edited
    return [model.model.layers[l].register_forward_hook(hook) for l in LAYERS]


def median(action, runs):
    times = []
    for _ in range(runs):
        torch.cuda.synchronize()
        start = time.perf_counter()
        action()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1e3


@torch.no_grad()
def decode(model, ids, n):
    """Greedy ids and milliseconds a token after the first."""
    out = model(ids, use_cache=True)
    found = [out.logits[0, -1].argmax().item()]
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(n - 1):
        out = model(torch.tensor([[found[-1]]], device="cuda"), past_key_values=out.past_key_values, use_cache=True)
        found.append(out.logits[0, -1].argmax().item())
    return found, (time.perf_counter() - start) * 1e3 / (n - 1)


def kl(p_logits, q_logits):
    p, q = torch.log_softmax(p_logits.double(), -1), torch.log_softmax(q_logits.double(), -1)
    return (p.exp() * (p - q)).sum(-1)


@torch.no_grad()
def measure(folder, ours_file):
    ours = json.load(open(ours_file))
    ids = torch.tensor([ours["prompt"]], device="cuda")
    features = torch.tensor(ours["features"], device="cuda")
    sae = Sae(load_file(f"{folder}/sae/sae_weights.safetensors"))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).cuda().eval()
    peer = {}
    last = lambda i=ids: model(i, use_cache=False, logits_to_keep=1).logits[:, -1]
    for _ in range(3):
        last()
    peer["forward"] = median(last, 20)
    plain = last()[0].float()
    prompts = [torch.tensor([p], device="cuda") for p in ours["prompts"]]
    theirs = torch.stack([last(p)[0].float() for p in prompts])
    greedy, peer["decode"] = decode(model, ids, 33)
    active = hooks(model, sae, features)
    for _ in range(2):
        last()
    peer["ablated"] = median(last, 20)
    edited = last()[0].float()
    _, peer["decodeAblated"] = decode(model, ids, 17)
    for h in active:
        h.remove()
    many = ids.expand(256, -1).contiguous()
    for _ in range(2):
        last(many)
    peer["batch256PlainPerSequence"] = median(lambda: last(many), 3) / 256

    exact_model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).cuda().eval()
    exact = torch.stack([exact_model(p, logits_to_keep=1).logits[0, -1] for p in prompts])
    active = hooks(exact_model, sae, features)
    exact_edited = exact_model(ids, logits_to_keep=1).logits[0, -1]
    for h in active:
        h.remove()
    mine = torch.tensor(np.fromfile(ours["logitsFile"], dtype=np.float32).reshape(len(prompts), -1), device="cuda")
    mine_edited = torch.tensor(np.fromfile(ours["editedFile"], dtype=np.float32), device="cuda")
    agree = lambda a, b: float((a.argmax(-1) == b.argmax(-1)).float().mean())
    print(json.dumps(dict(
        argmax_ours_float32=agree(mine, exact), argmax_peer_float32=agree(theirs, exact), argmax_ours_peer=agree(mine, theirs),
        kl_float32_ours=[f"{v:.2e}" for v in (kl(exact, mine).mean().item(), kl(exact, mine).max().item())],
        kl_float32_peer=[f"{v:.2e}" for v in (kl(exact, theirs).mean().item(), kl(exact, theirs).max().item())],
        ablated_kl_float32_ours=f"{kl(exact_edited, mine_edited).item():.2e}", ablated_kl_float32_peer=f"{kl(exact_edited, edited).item():.2e}",
        ablation_moves=f"{kl(exact_edited, exact_model(ids, logits_to_keep=1).logits[0, -1]).item():.2e}",
        greedy_equal=sum(a == b for a, b in zip(ours["greedy"], greedy)), greedy_of=len(ours["greedy"]), no_cache_equal=ours["noCacheEqual"])))
    t = ours["times"]
    rows = [("one forward, ms", t["forward"], peer["forward"]), ("one ablated forward, ms", t["ablated"], peer["ablated"]),
        ("decode, ms a token", t["decode"], peer["decode"]), ("decode under ablation, ms a token", t["decodeAblated"], peer["decodeAblated"]),
        ("256 ablation sets, ms a sequence (peer: one at a time)", t["setsPerSequence"], peer["ablated"]),
        (f"pruning, {t['pruningSets']} distinct sets, s (peer: 13,440 forwards)", t["pruning"], peer["ablated"] * 13440 / 1e3)]
    print(f"{'':58}{'ours':>10}{'peer':>12}{'ratio':>9}")
    for name, a, b in rows:
        print(f"{name:58}{a:10.3f}{b:12.2f}{b / a:8.1f}x")
    print("peer, unedited batch of 256, ms a sequence:", round(peer["batch256PlainPerSequence"], 3))


if __name__ == "__main__":
    {"make": make, "measure": measure}[sys.argv[1]](*sys.argv[2:])

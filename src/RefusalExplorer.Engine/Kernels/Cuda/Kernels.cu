// Element-wise work, attention and feature edits of a decoder block in bfloat16, sums in float32. Compiled at run time for the device at hand
// (NVRTC) with HEAD, the width of an attention head. Shapes: N tokens of the pass (rows x columns), D model, H query and K key heads.

typedef unsigned short bf16;
typedef unsigned int bf162; // two of them, the first in the low half
typedef unsigned long long u64;
#define FULL 0xffffffffu
#define DIMS (HEAD / 32) // of a head that one lane holds
#define NEVER __int_as_float(0xff800000)

// NVRTC comes without cuda_bf16.h, so the few conversions are written out.
__device__ __forceinline__ float widen(bf16 v) { return __uint_as_float((unsigned int)v << 16); }
__device__ __forceinline__ float2 unpack(bf162 v) { return make_float2(__uint_as_float(v << 16), __uint_as_float(v & 0xffff0000u)); }

__device__ __forceinline__ bf16 narrow(float v) {
    bf16 r;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(r) : "f"(v));
    return r;
}

__device__ __forceinline__ bf162 pack(float low, float high) {
    bf162 r;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
    return r;
}

__device__ __forceinline__ float warp_sum(float v) {
    for (int o = 16; o > 0; o >>= 1)
        v += __shfl_xor_sync(FULL, v, o);
    return v;
}

__device__ __forceinline__ float warp_max(float v) {
    for (int o = 16; o > 0; o >>= 1)
        v = fmaxf(v, __shfl_xor_sync(FULL, v, o));
    return v;
}

// Sum over a block of at most 1024 threads; every thread gets it.
__device__ float block_sum(float v) {
    __shared__ float parts[32];
    v = warp_sum(v);
    if ((threadIdx.x & 31) == 0)
        parts[threadIdx.x >> 5] = v;
    __syncthreads();
    v = threadIdx.x < (blockDim.x >> 5) ? parts[threadIdx.x] : 0.f;
    if (threadIdx.x < 32) {
        v = warp_sum(v);
        if (threadIdx.x == 0)
            parts[0] = v;
    }
    __syncthreads();
    return parts[0];
}

// y = norm(x) (+ add). Gemma's weight is float32 and already 1 + w; Llama rounds the normed value before its bfloat16 weight.
// Block: one token. resid may be null.
extern "C" __global__ void rms_norm(const bf16* x, const float* gemma_w, const bf16* llama_w, const bf16* resid, bf16* y, int D, float epsilon) {
    const bf162* in = (const bf162*)(x + (u64)blockIdx.x * D);
    bf162* out = (bf162*)(y + (u64)blockIdx.x * D);
    const bf162* add = resid ? (const bf162*)(resid + (u64)blockIdx.x * D) : 0;
    float squares = 0.f;
    for (int i = threadIdx.x; i < D / 2; i += blockDim.x) {
        float2 v = unpack(in[i]);
        squares += v.x * v.x + v.y * v.y;
    }
    float inverse = rsqrtf(block_sum(squares) / D + epsilon);
    for (int i = threadIdx.x; i < D / 2; i += blockDim.x) {
        float2 v = unpack(in[i]);
        bf162 normed;
        if (gemma_w) {
            float2 w = ((const float2*)gemma_w)[i];
            normed = pack(v.x * inverse * w.x, v.y * inverse * w.y);
        } else {
            float2 r = unpack(pack(v.x * inverse, v.y * inverse));
            float2 w = unpack(((const bf162*)llama_w)[i]);
            normed = pack(r.x * w.x, r.y * w.y);
        }
        if (add) {
            float2 a = unpack(add[i]), n = unpack(normed);
            normed = pack(a.x + n.x, a.y + n.y);
        }
        out[i] = normed;
    }
}

// y = a + b over pairs.
extern "C" __global__ void add(const bf162* a, const bf162* b, bf162* y, long long pairs) {
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= pairs)
        return;
    float2 u = unpack(a[i]), v = unpack(b[i]);
    y[i] = pack(u.x + v.x, u.y + v.y);
}

__device__ __forceinline__ float activate(float x, int gelu) {
    if (!gelu)
        return x / (1.f + __expf(-x));
    float inner = 0.7978845608028654f * (x + 0.044715f * x * x * x);
    return 0.5f * x * (1.f + tanhf(inner));
}

// y = act(gate) * up; both [N, 2M] with gate first. The activation is rounded before the product, as separate operators would.
extern "C" __global__ void act_mul(const bf16* both, bf16* y, int M, int gelu) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= M / 2)
        return;
    const bf162* row = (const bf162*)(both + (u64)blockIdx.y * 2 * M);
    float2 g = unpack(row[i]), u = unpack(row[M / 2 + i]);
    float2 a = unpack(pack(activate(g.x, gelu), activate(g.y, gelu)));
    ((bf162*)(y + (u64)blockIdx.y * M))[i] = pack(a.x * u.x, a.y * u.y);
}

// Turns queries in place and writes keys and values where attention reads them: [rows, K, capacity, E] from column past on.
// Grid: (T, H + 2K, rows of the target); the source may have one row for all. Block: E / 2.
extern "C" __global__ void rope_store(
    bf16* qkv, const bf16* cos_SE, const bf16* sin_SE, const int* padding, bf16* keys, bf16* values,
    int source_rows, int H, int K, int past, int capacity) {
    int t = blockIdx.x, head = blockIdx.y, b = blockIdx.z, i = threadIdx.x, half = HEAD / 2;
    int source = source_rows == 1 ? 0 : b;
    if (head < H && b >= source_rows)
        return;
    bf16* x = qkv + (((u64)source * gridDim.x + t) * (H + 2 * K) + head) * HEAD;
    if (head >= H + K) {
        bf16* v = values + (((u64)b * K + head - H - K) * capacity + past + t) * HEAD;
        v[i] = x[i];
        v[i + half] = x[i + half];
        return;
    }
    int position = max(0, past + t - padding[source]);
    float a = widen(x[i]), c = widen(x[i + half]);
    float cs = widen(cos_SE[(u64)position * HEAD + i]), sn = widen(sin_SE[(u64)position * HEAD + i]);
    float lo = a * cs - c * sn, hi = c * cs + a * sn;
    if (head < H) {
        x[i] = narrow(lo);
        x[i + half] = narrow(hi);
    } else {
        bf16* k = keys + (((u64)b * K + head - H) * capacity + past + t) * HEAD;
        k[i] = narrow(lo);
        k[i + half] = narrow(hi);
    }
}

// Gemma 2 caps its attention logits; cap 0 is none.
__device__ __forceinline__ float capped(float score, float cap) { return cap > 0.f ? cap * tanhf(score / cap) : score; }

// Few queries (decoding): a block for each (query column, head, row); its warps take keys in turn and merge at the end.
// Column j is visible from column i where padding <= j <= i and j > i - window (window 0: all).
extern "C" __global__ void attention_few(
    const bf16* qkv, const bf16* keys, const bf16* values, const int* padding, bf16* mixed,
    int H, int K, int past, int capacity, int window, float scale, float cap) {
    int t = blockIdx.x, h = blockIdx.y, b = blockIdx.z, lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
    int i = past + t, first = padding[b];
    if (window > 0)
        first = max(first, i - window + 1);
    const bf16* q = qkv + (((u64)b * gridDim.x + t) * (H + 2 * K) + h) * HEAD + lane * DIMS;
    u64 head = ((u64)b * K + h / (H / K)) * capacity;
    float query[DIMS], acc[DIMS];
    for (int d = 0; d < DIMS; d++) {
        query[d] = widen(q[d]);
        acc[d] = 0.f;
    }
    float peak = -1e30f, total = 0.f;
    for (int j = first + warp; j <= i; j += warps) {
        const bf162* k = (const bf162*)(keys + (head + j) * HEAD + lane * DIMS);
        const bf162* v = (const bf162*)(values + (head + j) * HEAD + lane * DIMS);
        float dot = 0.f;
        for (int d = 0; d < DIMS / 2; d++) {
            float2 p = unpack(k[d]);
            dot += p.x * query[2 * d] + p.y * query[2 * d + 1];
        }
        float score = capped(warp_sum(dot) * scale, cap), next = fmaxf(peak, score);
        float keep = __expf(peak - next), weight = __expf(score - next);
        total = total * keep + weight;
        for (int d = 0; d < DIMS / 2; d++) {
            float2 p = unpack(v[d]);
            acc[2 * d] = acc[2 * d] * keep + weight * p.x;
            acc[2 * d + 1] = acc[2 * d + 1] * keep + weight * p.y;
        }
        peak = next;
    }
    __shared__ float peaks[8], totals[8], sums[8][HEAD];
    if (lane == 0) {
        peaks[warp] = peak;
        totals[warp] = total;
    }
    for (int d = 0; d < DIMS; d++)
        sums[warp][lane * DIMS + d] = acc[d];
    __syncthreads();
    float best = -1e30f, all = 0.f;
    for (int w = 0; w < warps; w++)
        best = fmaxf(best, peaks[w]);
    for (int w = 0; w < warps; w++)
        all += totals[w] * __expf(peaks[w] - best);
    for (int d = threadIdx.x; d < HEAD; d += blockDim.x) {
        float sum = 0.f;
        for (int w = 0; w < warps; w++)
            sum += sums[w][d] * __expf(peaks[w] - best);
        // A padding column sees nothing; its value never matters, but it must be a number.
        mixed[(((u64)b * gridDim.x + t) * H + h) * HEAD + d] = narrow(all > 0.f ? sum / all : 0.f);
    }
}

// Many queries (prompts): a block for each (tile of columns, key head, row). 32 keys at a time lie in shared memory; a warp takes one query
// after another: a lane for each key, then a lane for each DIMS values.
#define TILE 32
#define STRIDE (HEAD + 2) // odd in 32-bit words, so that 32 keys lie in 32 banks
extern "C" __global__ void attention_many(
    const bf16* qkv, const bf16* keys, const bf16* values, const int* padding, bf16* mixed,
    int T, int H, int K, int past, int capacity, int window, float scale, float cap, int columns) {
    extern __shared__ bf16 shared[];
    bf16* ks = shared;
    bf16* vs = ks + TILE * STRIDE;
    int G = H / K, kv = blockIdx.y, b = blockIdx.z, lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
    bf16* qs = vs + TILE * STRIDE + warp * STRIDE;
    int begin = blockIdx.x * columns, end = min(begin + columns, T), queries = (end - begin) * G;
    int pad = padding[b];
    u64 head = ((u64)b * K + kv) * capacity;
    // The keys that any of the block's queries sees. Where one tile holds them all, it is read once.
    int from = window > 0 ? max(pad, past + begin - window + 1) : pad, last = past + end - 1;
    // Every warp makes the same number of rounds, so that all reach each barrier.
    for (int round = 0; round * warps < queries; round++) {
        int n = round * warps + warp;
        bool on = n < queries;
        int t = begin + n / G, h = kv * G + n % G, i = past + t;
        int first = window > 0 ? max(pad, i - window + 1) : pad;
        if (on) {
            const bf162* q = (const bf162*)(qkv + (((u64)b * T + t) * (H + 2 * K) + h) * HEAD);
            for (int d = lane; d < HEAD / 2; d += 32)
                ((bf162*)qs)[d] = q[d];
        }
        float peak = -1e30f, total = 0.f, acc[DIMS];
        for (int d = 0; d < DIMS; d++)
            acc[d] = 0.f;
        for (int base = from; base <= last; base += TILE) {
            if (round == 0 || last - from >= TILE) {
                __syncthreads();
                for (int e = threadIdx.x; e < TILE * HEAD / 2; e += blockDim.x) {
                    int key = e / (HEAD / 2), d = e % (HEAD / 2);
                    bool there = base + key <= last;
                    u64 at = (head + base + key) * HEAD;
                    ((bf162*)(ks + key * STRIDE))[d] = there ? ((const bf162*)(keys + at))[d] : 0u;
                    ((bf162*)(vs + key * STRIDE))[d] = there ? ((const bf162*)(values + at))[d] : 0u;
                }
            }
            __syncthreads();
            if (!on)
                continue;
            int j = base + lane;
            float dot = 0.f;
            const bf162* k = (const bf162*)(ks + lane * STRIDE);
            for (int d = 0; d < HEAD / 2; d++) {
                float2 x = unpack(((bf162*)qs)[d]), y = unpack(k[d]);
                dot += x.x * y.x + x.y * y.y;
            }
            float score = j >= first && j <= i ? capped(dot * scale, cap) : -1e30f;
            float next = fmaxf(peak, warp_max(score));
            float weight = score > -1e29f ? __expf(score - next) : 0.f, keep = __expf(peak - next);
            total = total * keep + warp_sum(weight);
            for (int d = 0; d < DIMS; d++)
                acc[d] *= keep;
            for (int key = 0; key < TILE; key++) {
                float w = __shfl_sync(FULL, weight, key);
                if (w == 0.f)
                    continue;
                const bf162* v = (const bf162*)(vs + key * STRIDE + lane * DIMS);
                for (int d = 0; d < DIMS / 2; d++) {
                    float2 p = unpack(v[d]);
                    acc[2 * d] += w * p.x;
                    acc[2 * d + 1] += w * p.y;
                }
            }
            peak = next;
        }
        if (on) {
            bf16* out = mixed + (((u64)b * T + t) * H + h) * HEAD + lane * DIMS;
            for (int d = 0; d < DIMS; d++)
                out[d] = narrow(total > 0.f ? acc[d] / total : 0.f);
        }
    }
}

__device__ __forceinline__ void store_max(float* at, float v) { *at = fmaxf(*at, v); }

// Activations of edited features, their change, and what it did. Grid: (S, rows); a block's warps take groups of GROUP columns.
// step is [3, rows, T, S]: gain, offset, mask. ledger is [4, rows, S]: touched, before, after, squares; the last three grow with every pass.
#define GROUP 4
extern "C" __global__ void edit_encode(
    const bf16* x, const float* W_enc_SD, const float* b_enc, const float* threshold, const float* b_dec, const float* step, float* acts,
    float* delta, float* ledger, int T, int D, int S) {
    int s = blockIdx.x, b = blockIdx.y, rows = gridDim.y, lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
    const float4* w = (const float4*)(W_enc_SD + (u64)s * D);
    float touched = 0.f, before = NEVER, after = NEVER, squares = 0.f;
    for (int base = warp * GROUP; base < T; base += warps * GROUP) {
        float sum[GROUP];
        int count = min(GROUP, T - base);
        for (int g = 0; g < GROUP; g++)
            sum[g] = 0.f;
        const bf16* row = x + ((u64)b * T + base) * D;
        #pragma unroll 2
        for (int d = lane; d < D / 4; d += 32) {
            float4 e = w[d];
            float4 c = b_dec ? ((const float4*)b_dec)[d] : make_float4(0.f, 0.f, 0.f, 0.f);
            for (int g = 0; g < GROUP; g++) {
                if (g >= count)
                    break;
                const bf162* p = (const bf162*)(row + (u64)g * D) + 2 * d;
                float2 u = unpack(p[0]), v = unpack(p[1]);
                sum[g] += (u.x - c.x) * e.x + (u.y - c.y) * e.y + (v.x - c.z) * e.z + (v.y - c.w) * e.w;
            }
        }
        for (int g = 0; g < count; g++) {
            float pre = warp_sum(sum[g]) + b_enc[s];
            float z = pre > (threshold ? threshold[s] : 0.f) ? pre : 0.f;
            u64 at = ((u64)b * T + base + g) * S + s, whole = (u64)rows * T * S;
            float change = z * step[at] + step[whole + at], mask = step[2 * whole + at];
            if (lane == 0) {
                acts[at] = z;
                delta[at] = change;
            }
            touched += change != 0.f;
            before = fmaxf(before, z * mask);
            after = fmaxf(after, (z + change) * mask);
            squares += change * change;
        }
    }
    __shared__ float parts[4][32];
    if (lane == 0) {
        parts[0][warp] = touched;
        parts[1][warp] = before;
        parts[2][warp] = after;
        parts[3][warp] = squares;
    }
    __syncthreads();
    if (threadIdx.x > 0)
        return;
    for (int i = 1; i < warps; i++) {
        touched += parts[0][i];
        before = fmaxf(before, parts[1][i]);
        after = fmaxf(after, parts[2][i]);
        squares += parts[3][i];
    }
    u64 at = (u64)b * S + s, whole = (u64)rows * S;
    ledger[at] += touched;
    store_max(ledger + whole + at, before);
    store_max(ledger + 2 * whole + at, after);
    ledger[3 * whole + at] += squares;
}

// y = x + delta*W_dec; features that did not change cost nothing, and a token that no feature changed is copied to the bit.
// Grid: (D / 2 / block, N). Shared memory: S floats.
extern "C" __global__ void edit_decode(const bf162* x, const float* delta, const bf162* W_dec_SD, bf162* y, int D, int S) {
    extern __shared__ float change[];
    u64 n = blockIdx.y;
    for (int s = threadIdx.x; s < S; s += blockDim.x)
        change[s] = delta[n * S + s];
    __syncthreads();
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= D / 2)
        return;
    float2 sum = make_float2(0.f, 0.f);
    for (int s = 0; s < S; s++) {
        float c = change[s];
        if (c == 0.f)
            continue;
        float2 w = unpack(W_dec_SD[(u64)s * (D / 2) + i]);
        sum.x += c * w.x;
        sum.y += c * w.y;
    }
    u64 at = n * (D / 2) + i;
    float2 v = unpack(x[at]);
    y[at] = pack(v.x + sum.x, v.y + sum.y);
}

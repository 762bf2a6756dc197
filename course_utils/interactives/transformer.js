// Forward pass of a small transformer, weights in float32: causal like GPT, step by step, or bidirectional like BERT.

import { unpack } from "./packing.js";
import { softmax } from "./nn.js";

/** Unpack what transformers_export.py packed. Arrays are { data, rows, columns }. */
export function loadTransformer({ config, packed }) {
  const { arrays, texts } = unpack(packed);
  return { config, texts, ...arrays };
}

/** The error function, to 1.5e-7 (Abramowitz and Stegun, 7.1.26). */
export function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x)), y = 1 - ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * Math.exp(-x * x);
  return x < 0 ? -y : y;
}
const BEND = {
  gelu: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  gelu_tanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
};

/** Rows times a matrix, plus a bias. */
export function dense(rows, { data, rows: inputs, columns }, bias) {
  const n = rows.length / inputs, out = new Float32Array(n * columns);
  for (let r = 0; r < n; r++) {
    const to = out.subarray(r * columns, (r + 1) * columns);
    if (bias) to.set(bias.data);
    let i = 0;
    for (; i + 3 < inputs; i += 4) {
      // four at a time: half the time
      const at = r * inputs + i, [a, b, c, d] = [rows[at], rows[at + 1], rows[at + 2], rows[at + 3]], [p, q, s, t] = [i * columns, (i + 1) * columns, (i + 2) * columns, (i + 3) * columns];
      for (let j = 0; j < columns; j++) to[j] += a * data[p + j] + b * data[q + j] + c * data[s + j] + d * data[t + j];
    }
    for (; i < inputs; i++) for (let j = 0; j < columns; j++) to[j] += rows[r * inputs + i] * data[i * columns + j];
  }
  return out;
}
/** Each row shifted and stretched to mean 0 and spread 1, then scaled and shifted by what was learned. */
export function layerNorm(rows, scale, shift, epsilon) {
  const d = scale.columns, out = new Float32Array(rows.length);
  for (let at = 0; at < rows.length; at += d) {
    let [mean, square] = [0, 0];
    for (let k = 0; k < d; k++) mean += rows[at + k] / d;
    for (let k = 0; k < d; k++) square += (rows[at + k] - mean) ** 2 / d;
    const by = 1 / Math.sqrt(square + epsilon);
    for (let k = 0; k < d; k++) out[at + k] = (rows[at + k] - mean) * by * scale.data[k] + shift.data[k];
  }
  return out;
}
const add = (rows, more) => { for (let k = 0; k < rows.length; k++) rows[k] += more[k]; return rows; };

/** Nothing read yet. `off` holds the numbers of heads that are switched off: layer times heads, plus head. */
export function begin(net, off = []) {
  const { length, width, layers, heads } = net.config, memory = () => Array.from({ length: layers }, () => new Float32Array(length * width));
  return { net, off: new Set(off), ids: [], keys: memory(), values: memory(), looks: Array.from({ length: layers * heads }, () => []), hidden: new Float32Array(length * width) };
}
/** Forget all but the first ones. */
export function shorten(state, count) {
  state.ids.length = Math.min(state.ids.length, count);
  for (const rows of state.looks) rows.length = state.ids.length;
  return state;
}
/** Read on: a causal network sees what came before, any other one sees all that is read at once. Keys and values
    of what was read stay, so that one more character costs one row. looks[layer * heads + head][t] are the weights of place t. */
export function extend(state, ids, segments = []) {
  const { net, keys, values, looks, off } = state, { width: d, layers, heads, norm, causal, activation, epsilon } = net.config;
  const base = state.ids.length, n = ids.length, size = d / heads, bend = BEND[activation], pre = norm === "pre", by = 1 / Math.sqrt(size);
  let x = new Float32Array(n * d);
  ids.forEach((id, i) => {
    for (let k = 0; k < d; k++) x[i * d + k] = net.tokens.data[id * d + k] + net.positions.data[(base + i) * d + k] + (net.segments ? net.segments.data[(segments[i] ?? 0) * d + k] : 0);
  });
  const normed = (rows, name) => layerNorm(rows, net[name + ".scale"], net[name + ".shift"], epsilon), product = (rows, name) => dense(rows, net[name], net[name + ".bias"]);
  if (!pre) x = normed(x, "embedding");
  for (let l = 0; l < layers; l++) {
    const layer = "layer" + l, qkv = product(pre ? normed(x, layer + ".attention") : x, layer + ".qkv"), mixed = new Float32Array(n * d), [K, V] = [keys[l], values[l]];
    for (let i = 0; i < n; i++) {
      K.set(qkv.subarray(i * 3 * d + d, i * 3 * d + 2 * d), (base + i) * d);
      V.set(qkv.subarray(i * 3 * d + 2 * d, i * 3 * d + 3 * d), (base + i) * d);
    }
    for (let i = 0; i < n; i++) for (let h = 0; h < heads; h++) {
      const seen = causal ? base + i + 1 : base + n, scores = new Float32Array(seen), q = i * 3 * d + h * size;
      for (let j = 0; j < seen; j++) {
        let sum = 0;
        for (let k = 0; k < size; k++) sum += qkv[q + k] * K[j * d + h * size + k];
        scores[j] = sum * by;
      }
      const shares = Float32Array.from(softmax(scores));
      looks[l * heads + h].push(shares);
      // what the head has mixed goes nowhere
      if (off.has(l * heads + h)) continue;
      for (let j = 0; j < seen; j++) for (let k = 0; k < size; k++) mixed[i * d + h * size + k] += shares[j] * V[j * d + h * size + k];
    }
    add(x, product(mixed, layer + ".mixed"));
    if (!pre) x = normed(x, layer + ".attention");
    const inner = product(pre ? normed(x, layer + ".forward") : x, layer + ".inner").map(bend);
    add(x, product(inner, layer + ".outer"));
    if (!pre) x = normed(x, layer + ".forward");
  }
  if (pre) x = normed(x, "last");
  state.hidden.set(x, base * d);
  state.ids.push(...ids);
  return state;
}
/** Scores of every word at one place: its vector times the vectors of the words. BERT's goes through one more layer first. */
export function logitsAt({ net, hidden }, place) {
  const { width: d, activation, epsilon } = net.config, { data, rows } = net.tokens, out = new Float32Array(rows), shift = net["decoder.bias"];
  let v = hidden.subarray(place * d, (place + 1) * d);
  if (net.masked) v = layerNorm(dense(v, net.masked, net["masked.bias"]).map(BEND[activation]), net["masked.scale"], net["masked.shift"], epsilon);
  for (let id = 0; id < rows; id++) {
    let sum = shift ? shift.data[id] : 0;
    for (let k = 0; k < d; k++) sum += v[k] * data[id * d + k];
    out[id] = sum;
  }
  return out;
}
/** Bits that each character after the first costs, given those before it; the first one costs nothing. */
export const bitsOf = (state) => state.ids.map((id, t) => (t ? -Math.log2(Math.max(1e-30, softmax(logitsAt(state, t - 1))[id])) : 0));
/** A head's habits: its mean weight on the place before, on itself and on the first place, and at how many places it looks, e to the entropy. */
export function habitsOf(rows) {
  const from = rows.slice(2), mean = (f) => from.reduce((sum, row, t) => sum + f(row, t + 2), 0) / (from.length || 1);
  return {
    before: mean((row, t) => row[t - 1]), itself: mean((row, t) => row[t]), first: mean((row) => row[0]),
    spread: mean((row) => Math.exp(-row.reduce((sum, a) => sum + (a > 0 ? a * Math.log(a) : 0), 0))),
  };
}
/** Chances when scores are divided by the temperature and only the `top` largest stay (0: all stay). Temperature 0 takes the largest. */
export function sharpened(logits, temperature, top = 0) {
  const order = Array.from(logits, (z, k) => [z, k]).sort((a, b) => b[0] - a[0] || a[1] - b[1]), kept = temperature === 0 ? 1 : top || order.length, out = new Array(logits.length).fill(0);
  const chances = softmax(order.slice(0, kept).map(([z]) => z / (temperature || 1)));
  chances.forEach((p, i) => { out[order[i][1]] = p; });
  return out;
}
/** Which one a number from 0 up to 1 falls on. */
export function drawn(chances, r) {
  for (let k = 0, sum = 0; k < chances.length; k++) if ((sum += chances[k]) > r && chances[k]) return k;
  return chances.indexOf(Math.max(...chances));
}

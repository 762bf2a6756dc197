// A small translator with attention, in float64: it reads words, looks back at them for each letter, and writes letters.

import { decode, softmax } from "./nn.js";

export const LONGEST_WORD = 43;

/** Unpack the weights that Python packed: name -> { data, rows, columns }. */
export function loadTranslator({ weights, words, letters, precision }) {
  const net = { words, letters };
  for (const [name, { shape, data }] of Object.entries(weights)) net[name] = { data: decode(data, precision), rows: shape.length > 1 ? shape[0] : 1, columns: shape.at(-1) };
  return net;
}
const rowOf = ({ data, columns }, k) => data.subarray(k * columns, (k + 1) * columns);
/** A row vector times a matrix. */
export function times(v, { data, columns }) {
  const out = new Float64Array(columns);
  for (let i = 0; i < v.length; i++) if (v[i]) for (let j = 0, at = i * columns; j < columns; j++) out[j] += v[i] * data[at + j];
  return out;
}
function plus(...rows) {
  const out = Float64Array.from(rows[0]);
  for (let i = 1; i < rows.length; i++) for (let k = 0; k < out.length; k++) out[k] += rows[i][k];
  return out;
}
const sigmoid = (z) => 1 / (1 + Math.exp(-z));
/** One step of a GRU as Keras computes it (reset_after=True): gates z, r and candidate n. `outer` is the input's part with its bias. */
export function gruStep(outer, state, recurrent, bias) {
  const inner = plus(times(state, recurrent), bias), size = state.length;
  return state.map((old, k) => {
    const z = sigmoid(outer[k] + inner[k]), r = sigmoid(outer[size + k] + inner[size + k]);
    return z * old + (1 - z) * Math.tanh(outer[2 * size + k] + r * inner[2 * size + k]);
  });
}
/** The states after each word, what the alignment net needs of them, and what they give to the writing cell. */
export function readWords(net, ids) {
  let state = new Float64Array(net.read_h.rows);
  const states = ids.map((id) => (state = gruStep(plus(times(rowOf(net.source, id), net.read_x), rowOf(net.read_b, 0)), state, net.read_h, rowOf(net.read_b, 1))));
  return { states, keys: states.map((h) => times(h, net.U_a)), given: states.map((h) => times(h, net.write_c)), last: state };
}
/** Rows mixed in these shares. */
function mix(shares, rows) {
  const out = new Float64Array(rows[0].length);
  for (let j = 0; j < rows.length; j++) for (let k = 0; k < out.length; k++) out[k] += shares[j] * rows[j][k];
  return out;
}
/** Translate words, given by their numbers: for each letter where the network looked and how sure it was.
    Scores are multiplied by `sharpness` before the softmax; training had 1. */
export function translate(net, ids, sharpness = 1) {
  const { states, keys, given, last } = readWords(net, ids), steps = [];
  net.heard ??= net.letters.map((_, k) => plus(times(rowOf(net.target, k), net.write_y), rowOf(net.write_b, 0))); // what each letter gives to the next one
  let state = times(last, net.start).map(Math.tanh), letter = 1;
  while (steps.length < LONGEST_WORD) {
    const asked = times(state, net.W_a), looks = softmax(keys.map((key) => sharpness * key.reduce((sum, v, k) => sum + net.v_a.data[k] * Math.tanh(v + asked[k]), 0)));
    state = gruStep(plus(net.heard[letter], mix(looks, given)), state, net.write_h, rowOf(net.write_b, 1));
    const logits = plus(times([...state, ...mix(looks, states)], net.out), net.out_b.data);
    letter = logits.indexOf(Math.max(...logits));
    steps.push({ letter: net.letters[letter], looks, sure: softmax(logits)[letter] });
    if (!letter) break;
  }
  const stopped = letter === 0, written = stopped ? steps.slice(0, -1) : steps;
  return { text: written.map((step) => step.letter).join(""), steps: written, stopped };
}
/** At how many words a letter looks, on average: e to the entropy of its weights, 1 where it looks at one word alone. */
export function spreadOfLooks(steps) {
  const each = steps.map(({ looks }) => Math.exp(-looks.reduce((sum, a) => sum + (a > 0 ? a * Math.log(a) : 0), 0)));
  return each.reduce((a, b) => a + b, 0) / (each.length || 1);
}

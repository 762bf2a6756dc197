import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, unpack } from "../../course_utils/interactives/packing.js";
import { seeded } from "../../course_utils/interactives/seeded.js";
import { begin, bitsOf, dense, drawn, erf, extend, habitsOf, layerNorm, logitsAt, sharpened, shorten } from "../../course_utils/interactives/transformer.js";
import { small } from "./transformer_small.mjs";

const close = (a, b, tolerance = 1e-5) => assert.ok(Math.abs(a - b) <= tolerance, `${a} is not within ${tolerance} of ${b}`);
const closeAll = (a, b, tolerance) => { assert.equal(a.length, b.length); a.forEach((v, k) => close(v, b[k], tolerance)); };
const ids = Array.from({ length: 15 }, (_, t) => (7 * t + 3) % 12);

test("bytes come back from characters", () => {
  assert.deepEqual([...bytesOf("00000")], [0, 0, 0, 0]);
  assert.deepEqual([...bytesOf("009C6" + "|NsC0")], [0, 1, 2, 3, 255, 255, 255, 255]);
});

test("a code written by hand is read: lengths 1, 2, 2 and twelve bits", () => {
  // symbols -1, 0, 1 have the codes 10, 0 and 11; a vector of 5 and -3, each plus 2048, in 12 bits
  const bits = "0" + "10" + "11" + "0" + (5 + 2048).toString(2).padStart(12, "0") + (2048 - 3).toString(2).padStart(12, "0"), bytes = bits.padEnd(32, "0").match(/.{8}/g).map((b) => parseInt(b, 2));
  let word = bytes.reduce((sum, b) => sum * 256 + b, 0), data = "";
  const characters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#,%.()*+-;/=:?@^_[]|'~";
  assert.equal(characters.length, 85);
  for (let k = 0; k < 5; k++) { data = characters[word % 85] + data; word = Math.floor(word / 85); }
  const { arrays } = unpack({ arrays: [{ name: "m", shape: [2, 2], step: 0.5, low: -1, lengths: "212" }, { name: "v", shape: [2], step: 2 }], texts: [], data });
  assert.deepEqual([...arrays.m.data], [0, -0.5, 0.5, 0]);
  assert.deepEqual([arrays.m.rows, arrays.m.columns, arrays.v.rows, arrays.v.columns], [2, 2, 1, 2]);
  assert.deepEqual([...arrays.v.data], [10, -6]);
});

test("the error function, a product and a layer norm", () => {
  for (const [x, y] of [[0, 0], [0.5, 0.5204998778], [-1, -0.8427007929], [2, 0.995322265], [4, 0.9999999846]]) close(erf(x), y, 2e-7);
  const matrix = { data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), rows: 5, columns: 2 }; // four rows at a time, and one left over
  assert.deepEqual([...dense(Float32Array.of(1, 0, 2, 0, 1, 0, 1, 0, 1, 0), matrix, { data: Float32Array.of(100, 200) })], [120, 224, 110, 212]);
  const one = (v) => ({ data: new Float32Array(4).fill(v), columns: 4 }), out = layerNorm(Float32Array.of(1, 2, 3, 4, 10, 10, 10, 10), one(2), one(1), 1e-9);
  close(out.slice(0, 4).reduce((a, b) => a + b), 4); close(out[3], 1 + 3 / Math.sqrt(1.25)); close(out[5], 1);
});

test("reading character by character gives what reading at once gives", () => {
  const net = small(), whole = extend(begin(net), ids), steps = begin(net);
  for (const id of ids) extend(steps, [id]);
  closeAll(steps.hidden, whole.hidden); closeAll(bitsOf(steps), bitsOf(whole));
  steps.looks.forEach((rows, k) => rows.forEach((row, t) => closeAll(row, whole.looks[k][t])));
  extend(shorten(extend(shorten(whole, 9), [1, 2]), 4), ids.slice(4)); // forget, read on, forget again
  closeAll(whole.hidden, steps.hidden);
  assert.ok(whole.looks.every((rows) => rows.length === ids.length));
});

test("a causal network sees nothing of what comes, a bidirectional one does", () => {
  const change = [...ids.slice(0, 10), 11, 11, 11, 11, 11];
  for (const [causal, same] of [[true, true], [false, false]]) {
    const net = small({ causal }), one = extend(begin(net), ids), other = extend(begin(net), change), d = 10 * net.config.width;
    assert.equal(one.hidden.slice(0, d).every((v, k) => v === other.hidden[k]), same);
    for (const rows of one.looks) rows.forEach((row, t) => { assert.equal(row.length, causal ? t + 1 : ids.length); close(row.reduce((a, b) => a + b), 1); });
  }
});

test("pre-norm and post-norm, both activations and segments change the outcome", () => {
  const first = (options, segments) => extend(begin(small(options)), ids, segments).hidden[40];
  const all = [first({}), first({ norm: "post" }), first({ activation: "gelu_tanh" }), first({ segments: 2 }), first({ segments: 2 }, ids.map((_, t) => +(t > 4)))];
  assert.equal(new Set(all.map((v) => v.toFixed(9))).size, 5);
});

test("a head that is off adds nothing: as if its rows of the mixing matrix were zero", () => {
  const net = small(), { heads, width } = net.config, size = width / heads, off = extend(begin(net, [3]), ids); // layer 2, head 2
  const data = net["layer1.mixed"].data.slice(), cut = { ...net, "layer1.mixed": { ...net["layer1.mixed"], data } };
  data.fill(0, size * width, 2 * size * width);
  closeAll(off.hidden, extend(begin(cut), ids).hidden);
  assert.ok(off.hidden[99] !== extend(begin(net), ids).hidden[99]);
  assert.ok(bitsOf(off)[0] === 0 && bitsOf(off).slice(1).every((b) => b > 0));
});

test("habits of a head", () => {
  const eye = Array.from({ length: 6 }, (_, t) => Float32Array.from({ length: t + 1 }, (_, j) => +(j === t))), back = eye.map((row, t) => Float32Array.from(row, (_, j) => +(j === Math.max(0, t - 1)))), even = eye.map((row) => row.map(() => 1 / row.length));
  assert.deepEqual(habitsOf(eye), { before: 0, itself: 1, first: 0, spread: 1 });
  assert.equal(habitsOf(back).before, 1); close(habitsOf(back).spread, 1);
  close(habitsOf(even).spread, (3 + 4 + 5 + 6) / 4);
  assert.deepEqual(habitsOf([]), { before: 0, itself: 0, first: 0, spread: 0 });
});

test("temperature and top-k", () => {
  const logits = [1, 3, 2, 0], sum = (row) => row.reduce((a, b) => a + b);
  close(sum(sharpened(logits, 1)), 1); close(sharpened(logits, 1)[1], Math.exp(3) / (Math.exp(0) + Math.exp(1) + Math.exp(2) + Math.exp(3)));
  assert.deepEqual(sharpened(logits, 0), [0, 1, 0, 0]);
  assert.deepEqual(sharpened(logits, 1, 2).map((p) => p > 0), [false, true, true, false]);
  assert.ok(sharpened(logits, 0.3)[1] > sharpened(logits, 1)[1] && sharpened(logits, 2)[1] < sharpened(logits, 1)[1]);
  assert.deepEqual([0, 0.24, 0.26, 0.999].map((r) => drawn([0.25, 0, 0.25, 0.5], r)), [0, 0, 2, 3]);
  const r = seeded(3), counts = [0, 0, 0, 0], chances = sharpened(logits, 1.5);
  for (let k = 0; k < 20000; k++) counts[drawn(chances, r())]++;
  counts.forEach((c, k) => close(c / 20000, chances[k], 0.015));
});

test("BERT's head for masked words is one layer more and a bias", () => {
  const plain = small({ causal: false, norm: "post" }), with_ = small({ causal: false, norm: "post", masked: true }), state = (net) => extend(begin(net), ids);
  assert.equal(logitsAt(state(with_), 3).length, 12);
  assert.notDeepEqual([...logitsAt(state(with_), 3)], [...logitsAt(state(plain), 3)]);
  const shifted = { ...with_, "decoder.bias": { ...with_["decoder.bias"], data: with_["decoder.bias"].data.map((v) => v + 1) } };
  closeAll(logitsAt(state(shifted), 3), [...logitsAt(state(with_), 3)].map((v) => v + 1));
});

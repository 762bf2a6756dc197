import assert from "node:assert/strict";
import { test } from "node:test";
import { between, dot, drawLatent, farApart, lengthOf, pictureAt, reachTo, readPlace, slantOf } from "../../course_utils/interactives/latent_explorer.js";
import { forwardAll, loadNetwork } from "../../course_utils/interactives/nn.js";
import { inputSlope } from "../../course_utils/interactives/nn_backward.js";
import { packState, unpackState } from "../../course_utils/interactives/runtime.js";

const close = (a, b, tolerance = 1e-12) => assert.ok(Math.abs(a - b) <= tolerance, `${a} is not within ${tolerance} of ${b}`);
const unit = (v) => v.map((x) => x / lengthOf(v));
const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
const pack = (values) => base64(new Uint8Array(new Float32Array(values).buffer));
const dense = (kernel, more = {}) => loadNetwork({ input: [kernel.length / 64], precision: "float32", layers: [{ type: "dense", units: 64, kernel: pack(kernel), bias: pack(new Array(64).fill(0)), ...more }] });

test("a leaky ReLU has the slope that came with it, sigmoid and tanh stay", () => {
  const kernel = Array.from({ length: 64 }, (_, k) => (k - 32) / 16);
  const run = (activation, more = {}) => pictureAt(dense([...kernel, ...kernel], { activation, ...more }), [0.25, 0.25]);
  kernel.forEach((w, k) => {
    close(run("leaky_relu", { slope: 0.2 })[k], Math.max(0, Math.min(1, w / 2)));
    close(run("sigmoid")[k], 1 / (1 + Math.exp(-w / 2)));
  });
  const low = pictureAt(dense([...kernel, ...kernel], { activation: "leaky_relu", slope: 0.5 }), [0.25, 0.25], -1);
  kernel.forEach((w, k) => close(low[k], Math.max(0, Math.min(1, ((w > 0 ? w / 2 : w / 4) + 1) / 2))));
});

test("backward through a leaky ReLU agrees with central differences", () => {
  const net = dense(Array.from({ length: 192 }, (_, k) => Math.sin(k + 1)), { activation: "leaky_relu", slope: 0.2 }), z = [0.3, -0.8, 0.5], weights = Array.from({ length: 64 }, (_, k) => Math.cos(k));
  const total = () => dot(Array.from(forwardAll(net, z).at(-1).data), weights), found = inputSlope(net, z, () => weights);
  z.forEach((v, i) => {
    z[i] = v + 1e-6; const above = total();
    z[i] = v - 1e-6; const below = total();
    z[i] = v;
    close(found[i], (above - below) / 2e-6, 1e-6);
  });
});

test("a latent vector is the same for the same seed and number, and normal", () => {
  assert.deepEqual(drawLatent(12, 1, 3), drawLatent(12, 1, 3));
  assert.notDeepEqual(drawLatent(12, 1, 3), drawLatent(12, 1, 4));
  assert.notDeepEqual(drawLatent(12, 1, 3), drawLatent(12, 2, 3));
  const many = Array.from({ length: 400 }, (_, k) => drawLatent(24, 1, k)).flat(), mean = many.reduce((a, b) => a + b) / many.length;
  close(mean, 0, 0.03);
  close(many.reduce((a, b) => a + (b - mean) ** 2, 0) / many.length, 1, 0.05);
});

test("reaching along one axis or two changes nothing across them", () => {
  for (let k = 0; k < 5; k++) {
    const z = drawLatent(6, 1, k), u = unit(drawLatent(6, 2, k)), w = unit(drawLatent(6, 3, k));
    const one = reachTo(z, u, 1.5), two = reachTo(z, u, 1.5, w, -2);
    close(dot(one, u), 1.5); close(dot(two, u), 1.5); close(dot(two, w), -2);
    const step = two.map((v, i) => v - z[i]), flat = unit(w.map((v, i) => v - dot(w, u) * u[i])); // the plane of both axes
    step.forEach((v, i) => close(v, dot(step, u) * u[i] + dot(step, flat) * flat[i], 1e-9));
    assert.deepEqual(reachTo(z, u, 1, u, 1), reachTo(z, u, 1));
  }
});

test("the walk begins at A, ends at B, and turning keeps the length", () => {
  const a = unit(drawLatent(8, 1, 1)).map((v) => 3 * v), b = unit(drawLatent(8, 1, 2)).map((v) => 3 * v);
  for (const turning of [false, true]) {
    between(a, b, 0, turning).forEach((v, i) => close(v, a[i]));
    between(a, b, 1, turning).forEach((v, i) => close(v, b[i]));
  }
  for (const t of [0.1, 0.5, 0.8]) { close(lengthOf(between(a, b, t, true)), 3, 1e-9); assert.ok(lengthOf(between(a, b, t)) < 2.9); }
  between(a, b, 0.5).forEach((v, i) => close(v, (a[i] + b[i]) / 2));
  assert.deepEqual(between(a, a, 0.3, true), between(a, a, 0.3));
  assert.ok(between(new Array(8).fill(0), b, 0.5, true).every(Number.isFinite));
});

test("slant: a stroke of one column to the right per row upwards leans by 1", () => {
  const stroke = (f) => Array.from({ length: 64 }, (_, k) => (k % 8 === f(k >> 3) ? 1 : 0));
  close(slantOf(stroke((r) => 7 - r)), 1);
  close(slantOf(stroke((r) => r)), -1);
  close(slantOf(stroke(() => 3)), 0);
  assert.ok(Number.isNaN(slantOf(new Array(64).fill(0))));
});

test("of several digits the two that differ most are the ends of the walk", () => {
  const net = dense(Array.from({ length: 128 }, (_, k) => (k % 64 < 32 ? (k < 64 ? 1 : 0) : k < 64 ? 0 : 1)));
  const all = [[0.1, 0.1], [0.9, 0], [0.5, 0.5], [0, 0.9]];
  assert.deepEqual(farApart(net, all), [all[1], all[3]]);
});

test("a place survives the way through a link, even of 64 numbers, and junk does not", () => {
  const row = (k) => drawLatent(64, k, 1).map((v) => Math.round(1000 * v) / 1000), state = [[64, 3, 12, 1, 0.5], row(1), row(2), row(3)];
  assert.deepEqual(unpackState(packState(state)), state);
  const { across, up, count, turning, t, z } = readPlace(state, 64, 65);
  assert.deepEqual([across, up, count, turning, t, z], [64, 3, 12, true, 0.5, state[1]]);
  const bad = (change) => { const copy = structuredClone(state); change(copy); return copy; };
  for (const junk of [null, 3, [[1]], bad((s) => s.pop()), bad((s) => s[1].pop()), bad((s) => { s[0][0] = 65; }), bad((s) => { s[0][0] = 3; }), bad((s) => { s[0][4] = 2; }), bad((s) => { s[0][3] = 2; }), bad((s) => { s[2][0] = 101; }), bad((s) => { s[2][0] = NaN; })]) assert.equal(readPlace(junk, 64, 65), null);
});

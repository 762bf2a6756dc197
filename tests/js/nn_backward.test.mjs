import { test } from "node:test";
import assert from "node:assert/strict";
import { classify, forwardAll, softmax } from "../../course_utils/interactives/nn.js";
import { attack, coinSigns, inputSlope, lossSlope } from "../../course_utils/interactives/nn_backward.js";

const draw = (seed) => { let s = seed; return () => { s = (s * 16807) % 2147483647; return s / 2147483647 - 0.5; }; };
const many = (count, next, size = 1) => Float64Array.from({ length: count }, () => size * next());

/** A network with every kind of layer, and one with valid padding and an even kernel. */
function net(padding, activation, seed) {
  const next = draw(seed), side = padding === "same" ? 8 : 7, half = side >> 1;
  return { input: [8, 8, 1], layers: [
    { type: "conv", filters: 3, size: [2, 2], padding, activation, kernel: many(12, next, 2), bias: many(3, next) },
    { type: "pool" },
    { type: "conv", filters: 4, size: [3, 3], padding: "same", kernel: many(108, next, 2), bias: many(4, next) },
    { type: "activate", activation: "tanh" },
    { type: "shape", shape: [half * half * 4] },
    { type: "dense", units: 6, activation: "sigmoid", kernel: many(half * half * 24, next, 2), bias: many(6, next) },
    { type: "dense", units: 10, kernel: many(60, next, 6), bias: many(10, next) },
  ] };
}
const picture = (seed) => Array.from(many(64, draw(seed)), (v) => v + 0.5);
const loss = (network, x, label) => -Math.log(softmax(Array.from(forwardAll(network, x).at(-1).data))[label]);

test("the gradient equals differences of the loss", () => {
  for (const [padding, activation] of [["same", "relu"], ["valid", "tanh"], ["same", "sigmoid"], ["valid", "linear"]]) {
    const network = net(padding, activation, 7), x = picture(3), slope = lossSlope(network, x, 4);
    let worst = 0, largest = 0;
    for (let i = 0; i < 64; i++) {
      const moved = (d) => x.map((v, j) => (i === j ? v + d : v));
      const expected = (loss(network, moved(1e-6), 4) - loss(network, moved(-1e-6), 4)) / 2e-6;
      worst = Math.max(worst, Math.abs(slope[i] - expected)); largest = Math.max(largest, Math.abs(expected));
    }
    assert.ok(worst < 1e-6 && largest > 1e-4, `${padding} ${activation}: ${worst} of ${largest}`);
  }
});

test("the slope of one logit adds up from its parts", () => {
  const network = net("same", "tanh", 5), x = picture(8), one = (k) => inputSlope(network, x, (z) => z.map((_, j) => (j === k ? 1 : 0)));
  const both = inputSlope(network, x, (z) => z.map((_, j) => (j < 2 ? 1 : 0)));
  both.forEach((v, i) => assert.ok(Math.abs(v - one(0)[i] - one(1)[i]) < 1e-12));
});

test("attacks stay in the box, and many steps beat none", () => {
  const network = net("same", "relu", 11), x = picture(12), label = classify(network, x).chances.indexOf(Math.max(...classify(network, x).chances));
  for (const how of ["step", "steps", "noise"]) for (const epsilon of [0, 0.1, 0.4]) {
    const moved = attack(network, x, { epsilon, label, how });
    moved.forEach((v, i) => assert.ok(Math.abs(v - x[i]) <= epsilon + 1e-12 && v >= 0 && v <= 1));
  }
  assert.deepEqual(attack(network, x, { epsilon: 0, label }), x);
  assert.ok(loss(network, attack(network, x, { epsilon: 0.1, label }), label) > loss(network, x, label));
  const target = (label + 1) % 10;
  assert.ok(loss(network, attack(network, x, { epsilon: 0.1, label, target }), target) < loss(network, x, target));
});

test("the input is left alone", () => {
  const network = net("same", "relu", 2), x = picture(4), before = [...x];
  lossSlope(network, x, 1); attack(network, x, { epsilon: 0.2, label: 1 });
  assert.deepEqual(x, before);
});

test("coins repeat and are fair", () => {
  assert.deepEqual(coinSigns(64, 5), coinSigns(64, 5));
  assert.notDeepEqual(coinSigns(64, 5), coinSigns(64, 6));
  for (let seed = 1; seed < 30; seed++) assert.ok(Math.abs(coinSigns(1000, seed).reduce((a, b) => a + b)) < 130);
});

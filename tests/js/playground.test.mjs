import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ACTIVATIONS, backprop, chance, contour, createNet, forward, HALF, makeData, measure, orderOf, PENALTIES, place, POINTS, readSetting, remember, SETS, startTraining, trainBatch, unitMaps, update,
} from "../../course_utils/interactives/playground_net.js";
import { packState, unpackState } from "../../course_utils/interactives/runtime.js";

const close = (a, b, tolerance, what = "") => assert.ok(Math.abs(a - b) <= tolerance, `${what} ${a} is not within ${tolerance} of ${b}`);
const SHAPES = [[], [1], [4], [4, 2], [3, 2, 3], [2, 3, 2, 2]];
const settings = (more = {}) => ({ rate: 0.03, penalty: "none", strength: 0, batch: 10, ...more });
function trainEpoch(training, settings) {
  const { epoch } = training;
  while (training.epoch === epoch) trainBatch(training, settings);
}
function trained(set, hidden, activation, epochs, more = {}, seed = 1) {
  const rows = makeData(set, 0, 2), net = createNet(hidden, activation, seed), training = startTraining(net, rows, seed);
  while (training.epoch < epochs) trainEpoch(training, settings(more));
  return { net, training, ...measure(net, rows), test: measure(net, makeData(set, 0, 3)) };
}
/** What the penalty adds to the loss. */
function penaltyOf(net, penalty, strength) {
  let sum = 0;
  for (let l = 1; l < net.sizes.length; l++) for (let j = 0; j < net.sizes[l]; j++) {
    for (let i = 0; i < net.sizes[l - 1]; i++) {
      const w = net.weights[place(net, l, j) + i];
      sum += penalty === "L1" ? Math.abs(w) : penalty === "L2" ? (w * w) / 2 : 0;
    }
  }
  return strength * sum;
}
/** Slope of f in every weight by central differences. */
function differences(net, f, h = 1e-5) {
  return Array.from(net.weights, (w, k) => {
    net.weights[k] = w + h;
    const above = f();
    net.weights[k] = w - h;
    const below = f();
    net.weights[k] = w;
    return (above - below) / (2 * h);
  });
}
const lossOf = (net, rows, order, from, to) => {
  let loss = 0;
  for (let e = from; e < to; e++) {
    const z = forward(net, rows[3 * order[e]], rows[3 * order[e] + 1]);
    loss += Math.log1p(Math.exp(rows[3 * order[e] + 2] ? -z : z)) / (to - from);
  }
  return loss;
};

test("backpropagation agrees with central differences to 1e-7, for every activation and depth", () => {
  let worst = 0;
  for (const activation of ACTIVATIONS) for (const hidden of SHAPES) for (let seed = 1; seed <= 3; seed++) {
    const net = createNet(hidden, activation, seed), rows = makeData("circle", 0.5, seed), order = orderOf(0, seed);
    for (let k = 0; k < net.weights.length; k++) net.weights[k] += 0.1 * Math.sin(k + seed); // biases too
    const loss = backprop(net, rows, order, 5, 12);
    close(loss, lossOf(net, rows, order, 5, 12), 1e-12, "loss");
    const slopes = Array.from(net.slopes);
    differences(net, () => lossOf(net, rows, order, 5, 12)).forEach((d, k) => { worst = Math.max(worst, Math.abs(d - slopes[k])); });
  }
  assert.ok(worst <= 1e-7, `largest difference ${worst}`);
  assert.ok(worst > 0, "central differences are never exact: was anything compared?");
});

test("a step goes down the slope of loss plus penalty; L1 stops at 0, biases stay free", () => {
  for (const penalty of PENALTIES) for (let seed = 1; seed <= 3; seed++) {
    const net = createNet([4, 3], "tanh", seed), rows = makeData("xor", 0, seed), order = orderOf(0, seed), rate = 0.05, strength = 0.3;
    const slopes = differences(net, () => lossOf(net, rows, order, 0, 20) + penaltyOf(net, penalty, strength), 1e-6), before = Array.from(net.weights);
    backprop(net, rows, order, 0, 20);
    update(net, rate, penalty, strength);
    before.forEach((w, k) => {
      const expected = w - rate * slopes[k];
      if (penalty === "L1" && w && w * expected <= 0) assert.ok(net.weights[k] * w >= 0, "past 0");
      else if (penalty !== "L1" || w) close(net.weights[k], expected, 1e-8, penalty);
    });
  }
  const net = createNet([4], "tanh", 1), rows = makeData("circle", 0, 1);
  for (let i = 0; i < 200; i++) { backprop(net, rows, orderOf(0, 1), 0, 10); update(net, 0.03, "L1", 1); }
  for (let j = 0; j < 4; j++) assert.ok(net.weights[place(net, 1, j)] === 0, "not 0"); // exact zeros, as L1 should give
});

test("the same seed repeats a run bit by bit, another seed does not", () => {
  const run = (seed) => Array.from(trained("spiral", [5, 3], "tanh", 3, {}, seed).net.weights);
  assert.deepEqual(run(7), run(7));
  assert.notDeepEqual(run(7), run(8));
  assert.deepEqual(Array.from(makeData("spiral", 0.5, 4)), Array.from(makeData("spiral", 0.5, 4)));
  assert.notDeepEqual(Array.from(makeData("spiral", 0.5, 4)), Array.from(makeData("spiral", 0.5, 5)));
});

test("a run taken up from its weights, epoch and batch goes on as if nothing had happened", () => {
  const rows = makeData("circle", 0, 2), whole = startTraining(createNet([3], "relu", 1), rows, 9);
  for (let i = 0; i < 27; i++) trainBatch(whole, settings());
  const again = startTraining(createNet([3], "relu", 5), rows, 9);
  again.net.weights.set(whole.net.weights);
  Object.assign(again, { epoch: whole.epoch, next: whole.next, order: orderOf(whole.epoch, 9) });
  for (let i = 0; i < 30; i++) { trainBatch(whole, settings()); trainBatch(again, settings()); }
  assert.deepEqual(Array.from(whole.net.weights), Array.from(again.net.weights));
});

test("four tanh units learn the circle from every start, linear units from none", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const tanh = trained("circle", [4], "tanh", 300, {}, seed), linear = trained("circle", [4, 2], "linear", 300, {}, seed);
    assert.ok(tanh.right >= 0.97 && tanh.test.right >= 0.95 && tanh.loss < 0.25, `seed ${seed}: ${tanh.loss}`);
    assert.ok(linear.right <= 0.65 && linear.loss > 0.65, `seed ${seed}: ${linear.loss}`);
  }
});

test("what the buttons promise: two units solve XOR, rate 10 does not settle, four units fail on the spiral", () => {
  const xor = trained("xor", [2], "tanh", 300, { rate: 0.1 });
  assert.ok(xor.right === 1 && xor.test.right === 1, `${xor.loss}`);
  assert.ok(trained("xor", [], "tanh", 100, { rate: 0.1 }).right < 0.8);
  assert.ok(trained("circle", [4], "tanh", 60, { rate: 10 }).loss > 0.69);
  assert.ok(trained("spiral", [4], "tanh", 300, { rate: 0.1 }).right < 0.8);
  assert.ok(trained("gaussians", [], "tanh", 30).right > 0.98);
});

test("three tanh units fence in the circle, two cannot", () => {
  assert.ok(trained("circle", [3], "tanh", 300).right >= 0.97);
  for (let seed = 1; seed <= 3; seed++) assert.ok(trained("circle", [2], "tanh", 400, {}, seed).right < 0.92);
});

test("a long enough run on the spiral needs two layers of eight", () => {
  assert.ok(trained("spiral", [8, 8], "tanh", 700, { rate: 0.1 }, 2).right > 0.8);
});

test("deep linear units equal one line", () => {
  const { net } = trained("gaussians", [4, 3], "linear", 5), z = (x, y) => forward(net, x, y), c = z(0, 0), a = z(1, 0) - c, b = z(0, 1) - c;
  for (const [x, y] of [[3, -2], [-5, 4], [0.3, 0.7]]) close(z(x, y), a * x + b * y + c, 1e-9);
});

test("data: balanced, inside the plane, without noise as described, with noise blurred", () => {
  for (const set of SETS) for (const noise of [0, 1]) {
    const rows = makeData(set, noise, 1);
    assert.equal(rows.length, 3 * POINTS);
    let plus = 0;
    for (let e = 0; e < rows.length; e += 3) {
      plus += rows[e + 2];
      assert.ok(Math.abs(rows[e]) <= HALF && Math.abs(rows[e + 1]) <= HALF && (rows[e + 2] === 0 || rows[e + 2] === 1));
      if (noise) continue;
      const far = Math.hypot(rows[e], rows[e + 1]), across = Math.abs(rows[e] - rows[e + 1]);
      if (set === "circle") assert.ok(rows[e + 2] ? far <= 2.4 : far >= 3.6);
      if (set === "xor") assert.ok(rows[e + 2] ? across >= 3.6 : across <= 3.2); // two parallel lines are enough
    }
    assert.equal(plus, POINTS / 2);
  }
});

test("an epoch visits every point once, in an order of its own", () => {
  const sorted = (order) => Array.from(order).sort((a, b) => a - b);
  assert.deepEqual(sorted(orderOf(3, 1)), sorted(orderOf(4, 1)));
  assert.deepEqual(sorted(orderOf(3, 1)), Array.from({ length: POINTS }, (_, i) => i));
  assert.notDeepEqual(Array.from(orderOf(3, 1)), Array.from(orderOf(4, 1)));
  const rows = makeData("xor", 0, 1), training = startTraining(createNet([2], "tanh", 1), rows, 1);
  for (const size of [30, 30, 30, 30, 30, 30, 20]) { const from = training.next; trainBatch(training, settings({ batch: 30 })); if (training.next) assert.equal(training.next - from, size); }
  assert.equal(training.epoch, 1);
  assert.equal(training.next, 0);
});

test("every unit's picture equals the unit, point by point", () => {
  const side = 12;
  for (const activation of ACTIVATIONS) {
    const net = createNet([3, 2], activation, 3), maps = unitMaps(net, side);
    assert.equal(maps.length, net.units);
    for (const c of [0, 5, 77, 143]) {
      const x = (((c % side) + 0.5) / side * 2 - 1) * HALF, y = (1 - (Math.floor(c / side) + 0.5) / side * 2) * HALF, z = forward(net, x, y);
      for (let u = 0; u < net.units - 1; u++) close(maps[u][c], net.out[u], 1e-5, `unit ${u}`);
      close(maps.at(-1)[c], chance(z), 1e-6);
    }
  }
});

test("the border of a linear map is its line", () => {
  const side = 20, map = Float32Array.from({ length: side * side }, (_, c) => 2 * (c % side) - Math.floor(c / side) - 7.3);
  const pieces = contour(map, side, 0);
  assert.ok(pieces.length >= 10);
  for (const [x0, y0, x1, y1] of pieces) { close(2 * x0 - y0, 7.3, 1e-4); close(2 * x1 - y1, 7.3, 1e-4); }
  assert.equal(contour(map, side, 1000).length, 0);
});

test("the memory of losses stays short, in order, and spread over the whole run", () => {
  const history = [[], [], []];
  for (let epoch = 0; epoch <= 20000; epoch++) remember(history, epoch, 1 / (epoch + 1), 2);
  assert.ok(history[0].length < 240 && history[0].length > 100, `${history[0].length}`);
  assert.ok(history[0].every((e, i) => !i || e > history[0][i - 1]) && history[0][0] === 0 && history[0].at(-1) > 19500);
  assert.ok(history[0].every((e, i) => history[1][i] === 1 / (e + 1)));
  remember(history, 5, 9, 9);
  assert.ok(history[0].at(-1) > 5, "an epoch that was there already");
});

test("a set-up survives the way through a link, even the largest, and junk does not", () => {
  const row = Array.from({ length: 41 }, (_, i) => i * 497), hidden = [8, 8, 8, 8];
  const state = [[3, 0, 0.03, 2, 0.003, 10, 0.25, 2 ** 31 - 1, 4, 19999, 190], hidden, Array.from({ length: 249 }, (_, i) => Math.round(-12345.678 * Math.sin(i + 1)) / 1000), row, row.map(() => 0.123), row.map(() => 0.0456)];
  const through = unpackState(packState(state));
  assert.deepEqual(through, state);
  assert.equal(readSetting(through).hidden.length, 4);
  assert.equal(readSetting(through).penalty, "L2");
  assert.equal(readSetting([state[0], [], [], [], [], []]).weights.length, 0);
  const bad = (change) => { const copy = structuredClone(state); change(copy); return copy; };
  for (const junk of [
    null, 3, [], [[1]], bad((s) => { s[0][0] = 4; }), bad((s) => { s[0][2] = 0; }), bad((s) => { s[0][2] = 11; }), bad((s) => { s[0][5] = 2.5; }), bad((s) => { s[0][10] = 200; }),
    bad((s) => { s[1] = [9]; }), bad((s) => { s[1] = [1, 1, 1, 1, 1]; }), bad((s) => { s[2].pop(); }), bad((s) => { s[3].pop(); }), bad((s) => { s[2][0] = NaN; }), bad((s) => { s[4] = 3; }), bad((s) => { s.pop(); }),
  ]) assert.equal(readSetting(junk), null);
});

test("a network of 2-8-8-1 trains and is pictured fast enough for a frame", () => {
  const training = startTraining(createNet([8, 8], "tanh", 1), makeData("spiral", 0, 2), 1);
  let best = Infinity;
  for (let i = 0; i < 30; i++) {
    const start = performance.now();
    trainEpoch(training, settings());
    unitMaps(training.net, 48);
    best = Math.min(best, performance.now() - start);
  }
  assert.ok(best < 16, `${best} ms`);
});

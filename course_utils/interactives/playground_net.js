// A small fully connected network, its data and its training, without any drawing. All numbers are float64.
// Hidden units share one activation; the output is a sigmoid, the loss the mean log-loss in nats.

import { normal, seeded } from "./seeded.js";

export const SETS = ["circle", "xor", "gaussians", "spiral"];
export const ACTIVATIONS = ["tanh", "relu", "sigmoid", "linear"];
export const PENALTIES = ["none", "L1", "L2"];
// the plane reaches from -6 to 6 both ways
export const HALF = 6;
// for training, and as many for the test
export const POINTS = 200;
export const MOST_LAYERS = 4, MOST_UNITS = 8;

/** Rows of x1, x2 and the class 1 or 0, one after the other. `noise` is a standard deviation, in units of the plane. */
export function makeData(set, noise, seed, count = POINTS) {
  const r = seeded(seed * 7919 + SETS.indexOf(set)), rows = new Float64Array(3 * count);
  for (let i = 0; i < count; i++) {
    const plus = i % 2, side = plus ? 1 : -1;
    let x, y;
    if (set === "circle") {
      const angle = 2 * Math.PI * r(), far = plus ? 2.4 * Math.sqrt(r()) : 3.6 + 1.4 * r();
      [x, y] = [far * Math.cos(angle), far * Math.sin(angle)];
    } else if (set === "xor") {
      // room enough between the squares for two parallel lines
      const s = r() < 0.5 ? -1 : 1;
      [x, y] = [s * (1.8 + 3.2 * r()), -side * s * (1.8 + 3.2 * r())];
    } else if (set === "gaussians") {
      [x, y] = [2 * side + 0.8 * normal(r), 2 * side + 0.8 * normal(r)];
    } else {
      // two arms, one and three quarters of a turn each
      const part = (i >> 1) / (count / 2 - 1), angle = 3.5 * Math.PI * part + (plus ? 0 : Math.PI);
      [x, y] = [(0.3 + 4.9 * part) * Math.sin(angle) + 0.12 * normal(r), (0.3 + 4.9 * part) * Math.cos(angle) + 0.12 * normal(r)];
    }
    const inside = (v) => Math.max(-HALF, Math.min(HALF, v + noise * normal(r)));
    rows.set([inside(x), inside(y), plus], 3 * i);
  }
  return rows;
}

/** Weights lie unit by unit: those from each unit of the layer before, then the bias. Glorot's uniform range, biases 0. */
export function createNet(hidden, activation, seed) {
  const sizes = [2, ...hidden, 1], first = [0], at = [0, 0];
  for (let l = 1; l < sizes.length; l++) {
    first.push(first[l - 1] + sizes[l - 1]);
    at.push(at[l] + sizes[l] * (sizes[l - 1] + 1));
  }
  const size = at.at(-1), units = first.at(-1) + 1, r = seeded(seed * 104729 + 1);
  const net = {
    sizes, first, at, kind: ACTIVATIONS.indexOf(activation), units,
    weights: new Float64Array(size), slopes: new Float64Array(size), out: new Float64Array(units), delta: new Float64Array(units), maps: null,
  };
  for (let l = 1; l < sizes.length; l++) {
    const widest = Math.sqrt(6 / (sizes[l - 1] + sizes[l]));
    for (let j = 0; j < sizes[l]; j++) for (let i = 0; i < sizes[l - 1]; i++) net.weights[place(net, l, j) + i] = widest * (2 * r() - 1);
  }
  return net;
}
/** Layer of a unit, and its place in it. */
export function layerOf(net, unit) {
  const l = net.first.findLastIndex((first) => first <= unit);
  return [l, unit - net.first[l]];
}

/** Where the weights of unit j of layer l begin; its bias follows them. */
export const place = (net, l, j) => net.at[l] + j * (net.sizes[l - 1] + 1);

const activate = (kind, z) => (kind === 0 ? Math.tanh(z) : kind === 1 ? (z > 0 ? z : 0) : kind === 2 ? 1 / (1 + Math.exp(-z)) : z);
const slope = (kind, a) => (kind === 0 ? 1 - a * a : kind === 1 ? (a > 0 ? 1 : 0) : kind === 2 ? a * (1 - a) : 1);
export const chance = (z) => 1 / (1 + Math.exp(-z));
const lossAt = (z, target) => Math.max(target ? -z : z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

/** Fill `net.out` for one point and return the output before its sigmoid. */
export function forward(net, x, y) {
  const { sizes, first, weights, out, kind } = net, last = sizes.length - 1;
  out[0] = x; out[1] = y;
  for (let l = 1, k = 0; l <= last; l++) {
    const n = sizes[l - 1], from = first[l - 1];
    for (let j = 0; j < sizes[l]; j++) {
      let z = weights[k + n];
      for (let i = 0; i < n; i++) z += weights[k + i] * out[from + i];
      k += n + 1;
      out[first[l] + j] = l === last ? z : activate(kind, z);
    }
  }
  return out[first[last]];
}

/** Mean loss of the rows order[from .. to), and its slope for every weight in `net.slopes`, by backpropagation. */
export function backprop(net, rows, order, from, to) {
  const { sizes, first, weights, slopes, out, delta, kind } = net, last = sizes.length - 1;
  let loss = 0;
  slopes.fill(0);
  for (let e = from; e < to; e++) {
    const row = 3 * order[e], target = rows[row + 2], z = forward(net, rows[row], rows[row + 1]);
    loss += lossAt(z, target);
    delta[first[last]] = (chance(z) - target) / (to - from);
    // from the output to the input: every weight is visited once
    for (let l = last; l > 0; l--) {
      const n = sizes[l - 1], before = first[l - 1];
      for (let i = 0; i < n; i++) delta[before + i] = 0;
      for (let j = 0; j < sizes[l]; j++) {
        const d = delta[first[l] + j], k = place(net, l, j);
        for (let i = 0; i < n; i++) {
          slopes[k + i] += d * out[before + i];
          delta[before + i] += d * weights[k + i];
        }
        slopes[k + n] += d;
      }
      if (l > 1) for (let i = 0; i < n; i++) delta[before + i] *= slope(kind, out[before + i]);
    }
  }
  return loss / (to - from);
}

/** One step down the slope. L2 pulls each weight toward 0 in proportion to it, L1 by a fixed amount and never past 0; biases stay free. */
export function update(net, rate, penalty, strength) {
  const { sizes, weights, slopes } = net, pull = rate * strength;
  for (let l = 1, k = 0; l < sizes.length; l++) {
    for (let j = 0; j < sizes[l]; j++, k++) {
      for (let i = 0; i < sizes[l - 1]; i++, k++) {
        const w = weights[k] - rate * slopes[k];
        weights[k] = penalty === "L2" ? w - pull * weights[k] : penalty === "L1" ? Math.sign(w) * Math.max(0, Math.abs(w) - pull) : w;
      }
      weights[k] -= rate * slopes[k];
    }
  }
}

/** The order of the points in an epoch depends on the seed and the epoch alone, so that a run can be taken up anywhere. */
export function orderOf(epoch, seed, count = POINTS) {
  const order = Uint16Array.from({ length: count }, (_, i) => i), r = seeded(seed * 15485863 + epoch * 32452843);
  for (let i = count - 1; i > 0; i--) {
    const k = Math.floor(r() * (i + 1));
    [order[i], order[k]] = [order[k], order[i]];
  }
  return order;
}

export const startTraining = (net, rows, seed) => ({ net, rows, seed, epoch: 0, next: 0, order: orderOf(0, seed, rows.length / 3) });

/** Train on the next batch; after the last one of an epoch the next epoch begins. Returns the batch's loss before the step. */
export function trainBatch(training, { rate, penalty, strength, batch }) {
  const { net, rows, order, next } = training, to = Math.min(order.length, next + batch);
  const loss = backprop(net, rows, order, next, to);
  update(net, rate, penalty, strength);
  training.next = to;
  if (to === order.length) {
    training.epoch += 1;
    training.next = 0;
    training.order = orderOf(training.epoch, training.seed, order.length);
  }
  return loss;
}

/** Mean loss and the share of points on their side. */
export function measure(net, rows) {
  let loss = 0, right = 0;
  const count = rows.length / 3;
  for (let e = 0; e < rows.length; e += 3) {
    const z = forward(net, rows[e], rows[e + 1]);
    loss += lossAt(z, rows[e + 2]);
    right += z > 0 === rows[e + 2] > 0.5 ? 1 : 0;
  }
  return { loss: loss / count, right: right / count };
}

/** Output of every unit on a grid of side x side cells, top row first: one Float32Array per unit, layer by layer.
    The last one is the output, from 0 to 1. Works through a layer at a time, which keeps the inner loop plain. */
export function unitMaps(net, side) {
  const { sizes, first, weights, kind } = net, last = sizes.length - 1, cells = side * side;
  if (net.maps?.[0].length !== cells) {
    net.maps = Array.from({ length: net.units }, () => new Float32Array(cells));
    for (let c = 0; c < cells; c++) {
      net.maps[0][c] = (((c % side) + 0.5) / side * 2 - 1) * HALF;
      net.maps[1][c] = (1 - (Math.floor(c / side) + 0.5) / side * 2) * HALF;
    }
  }
  for (let l = 1, k = 0; l <= last; l++) {
    const n = sizes[l - 1];
    for (let j = 0; j < sizes[l]; j++, k += n + 1) {
      const map = net.maps[first[l] + j].fill(weights[k + n]);
      for (let i = 0; i < n; i++) {
        const w = weights[k + i], from = net.maps[first[l - 1] + i];
        if (w) for (let c = 0; c < cells; c++) map[c] += w * from[c];
      }
      const as = l === last ? 2 : kind;
      if (as !== 3) for (let c = 0; c < cells; c++) map[c] = activate(as, map[c]);
    }
  }
  return net.maps;
}

/** Where a map crosses `level`: pieces of line [x0, y0, x1, y1] in cells from the top left, by marching squares. */
export function contour(map, side, level) {
  const pieces = [];
  for (let y = 0; y + 1 < side; y++) for (let x = 0; x + 1 < side; x++) {
    const k = y * side + x, a = map[k] - level, b = map[k + 1] - level, c = map[k + side + 1] - level, d = map[k + side] - level;
    if (a > 0 === b > 0 && b > 0 === c > 0 && c > 0 === d > 0) continue;
    const ends = [];
    if (a > 0 !== b > 0) ends.push(x + a / (a - b), y);
    if (b > 0 !== c > 0) ends.push(x + 1, y + b / (b - c));
    if (c > 0 !== d > 0) ends.push(x + 1 - c / (c - d), y + 1);
    if (d > 0 !== a > 0) ends.push(x, y + 1 - d / (d - a));
    for (let i = 0; i + 3 < ends.length; i += 4) pieces.push(ends.slice(i, i + 4));
  }
  return pieces;
}

/** Loss after each epoch, thinned by half whenever it grows past `most` entries. */
export function remember(history, epoch, train, test, most = 240) {
  const [epochs] = history;
  if (epochs.length && epoch <= epochs.at(-1)) return;
  if (epochs.length > 1 && epoch - epochs.at(-1) < (history.stride ?? 0)) return;
  [epoch, train, test].forEach((v, i) => history[i].push(v));
  if (epochs.length < most) return;
  for (let i = 0; i < 3; i++) history[i] = history[i].filter((_, k) => k % 2 === 0);
  history.stride = 2 * Math.max(1, history.stride ?? 1);
}

const whole = (v, low, high) => Number.isInteger(v) && v >= low && v <= high;

/** A set-up from a link, or null if it is none: [[set, activation, rate, penalty, strength, batch, noise, seed, start, epoch, next], hidden, weights, history...]. */
export function readSetting(state) {
  if (!Array.isArray(state) || state.length !== 6 || !state.every((row) => Array.isArray(row) && row.every((v) => Number.isFinite(v) && Math.abs(v) < 1e10))) return null;
  const [[set, activation, rate, penalty, strength, batch, noise, seed, start, epoch, next], hidden, weights, ...history] = state;
  const good = state[0].length === 11 && whole(set, 0, 3) && whole(activation, 0, 3) && rate > 0 && rate <= 10 && whole(penalty, 0, 2) && strength >= 0 && strength <= 1
    && whole(batch, 1, POINTS) && noise >= 0 && noise <= 2 && whole(seed, 0, 2 ** 31 - 1) && whole(start, 0, 1e6) && whole(epoch, 0, 1e6) && whole(next, 0, POINTS - 1)
    && hidden.length <= MOST_LAYERS && hidden.every((n) => whole(n, 1, MOST_UNITS)) && history.every((row) => row.length === history[0].length);
  if (!good) return null;
  if (weights.length !== 0 && weights.length !== createNet(hidden, "tanh", 0).weights.length) return null;
  return { set: SETS[set], activation: ACTIVATIONS[activation], rate, penalty: PENALTIES[penalty], strength, batch, noise, seed, start, epoch, next, hidden, weights, history };
}

// A small network from scratch, as forger or as judge: leaky ReLU in the hidden layers, none at the end; slopes with a penalty on steepness; Adam.
// All numbers are float64. Weights of a network lie layer by layer in one array: kernel (inputs by outputs), then biases.

import { normal } from "./seeded.js";

export const LEAK = 0.2;
const BETAS = [0.5, 0.9], TINY = 1e-7;

export function createNet(sizes, r) {
  const at = [0];
  for (let l = 1; l < sizes.length; l++) at.push(at[l - 1] + (sizes[l - 1] + 1) * sizes[l]);
  const net = { sizes, at, weights: new Float64Array(at.at(-1)), slopes: new Float64Array(at.at(-1)), room: 0 };
  for (let l = 1; l < sizes.length; l++) {
    const [n, m] = [sizes[l - 1], sizes[l]], spread = Math.sqrt(2 / n);
    for (let k = 0; k < n * m; k++) net.weights[at[l - 1] + k] = spread * normal(r);
    for (let k = n * m; k < (n + 1) * m; k++) net.weights[at[l - 1] + k] = 0.5 * normal(r);
  }
  return net;
}

/** Room for a batch: what each layer gives, its slopes, and (for a penalty) the derivative along one direction. */
function makeRoom(net, count) {
  if (net.room >= count) return;
  net.room = count;
  for (const name of ["out", "delta", "along"]) net[name] = net.sizes.map((size) => new Float64Array(size * count));
}

/** Answers to `count` inputs; everything on the way stays in `net.out`. */
export function forward(net, x, count, weights = net.weights) {
  makeRoom(net, count);
  const { sizes, at, out } = net, last = sizes.length - 1;
  out[0].set(count * sizes[0] === x.length ? x : x.subarray(0, count * sizes[0]));
  for (let l = 1; l <= last; l++) {
    const n = sizes[l - 1], m = sizes[l], from = out[l - 1], to = out[l], kernel = at[l - 1], bias = kernel + n * m;
    for (let e = 0; e < count; e++) {
      const f = e * n, t = e * m;
      for (let j = 0; j < m; j++) to[t + j] = weights[bias + j];
      for (let i = 0; i < n; i++) {
        const v = from[f + i], k = kernel + i * m;
        for (let j = 0; j < m; j++) to[t + j] += v * weights[k + j];
      }
      if (l < last) for (let j = 0; j < m; j++) if (to[t + j] < 0) to[t + j] *= LEAK;
    }
  }
  return out[last];
}

/** Carry slopes in `net.delta[last]` back to the inputs, through the last forward pass. */
export function carryBack(net, count, weights) {
  const { sizes, at, out, delta } = net;
  for (let l = sizes.length - 1; l > 0; l--) {
    const n = sizes[l - 1], m = sizes[l], above = delta[l], below = delta[l - 1], kernel = at[l - 1], before = out[l - 1];
    for (let e = 0; e < count; e++) {
      const f = e * n, t = e * m;
      for (let i = 0; i < n; i++) {
        const k = kernel + i * m;
        let sum = 0;
        for (let j = 0; j < m; j++) sum += above[t + j] * weights[k + j];
        below[f + i] = l > 1 && before[f + i] < 0 ? LEAK * sum : sum;
      }
    }
  }
}

/** Add to `net.slopes`: inputs of each layer times the slope behind it. `times` weighs each example, `along` is added to its inputs. */
function gather(net, count, times, along) {
  const { sizes, at, out, delta, slopes } = net;
  for (let l = sizes.length - 1; l > 0; l--) {
    const n = sizes[l - 1], m = sizes[l], before = out[l - 1], extra = along?.[l - 1], above = delta[l], kernel = at[l - 1], bias = kernel + n * m;
    for (let e = 0; e < count; e++) {
      const f = e * n, t = e * m, q = times ? times[e] : 1;
      for (let i = 0; i < n; i++) {
        const v = q * before[f + i] + (extra ? extra[f + i] : 0), k = kernel + i * m;
        if (v) for (let j = 0; j < m; j++) slopes[k + j] += v * above[t + j];
      }
      if (q) for (let j = 0; j < m; j++) slopes[bias + j] += q * above[t + j];
    }
  }
}

/** Slopes of a loss in the weights of a network with many outputs, from its slopes in the outputs; they are added up. */
export function backward(net, byOutput, count, weights = net.weights) {
  net.delta.at(-1).set(byOutput);
  carryBack(net, count, weights);
  gather(net, count);
}

/** Slopes of the judge's weights for a loss with slope `times` in each verdict, after `forward` on the same inputs.
    `pull(steepness)` is the slope of a penalty in the square of the verdict's steepness, divided by 2. A leaky ReLU has no
    curvature, so the steepness is a product of matrices, and its own slope takes one more forward pass along the gradient. */
export function judgeSlopes(net, count, times, pull, weights = net.weights) {
  const { sizes, at, out, delta, along } = net, last = sizes.length - 1;
  delta[last].fill(1, 0, count);
  carryBack(net, count, weights);
  if (!pull) return gather(net, count, times);
  for (let e = 0; e < count; e++) {
    const [gx, gy] = [delta[0][2 * e], delta[0][2 * e + 1]], q = pull(gx * gx + gy * gy);
    along[0][2 * e] = q * gx;
    along[0][2 * e + 1] = q * gy;
  }
  for (let l = 1; l < last; l++) {
    const n = sizes[l - 1], m = sizes[l], from = along[l - 1], to = along[l], kernel = at[l - 1], here = out[l];
    for (let e = 0; e < count; e++) {
      const f = e * n, t = e * m;
      for (let j = 0; j < m; j++) to[t + j] = 0;
      for (let i = 0; i < n; i++) {
        const v = from[f + i], k = kernel + i * m;
        for (let j = 0; j < m; j++) to[t + j] += v * weights[k + j];
      }
      for (let j = 0; j < m; j++) if (here[t + j] < 0) to[t + j] *= LEAK;
    }
  }
  gather(net, count, times, along);
}

/** One step of Adam, as Keras takes it. */
export function adamStep(net, memory, rate) {
  const [b1, b2] = BETAS, { mean, square } = memory, { weights, slopes } = net, t = (memory.steps += 1);
  const length = (rate * Math.sqrt(1 - b2 ** t)) / (1 - b1 ** t);
  for (let k = 0; k < weights.length; k++) {
    mean[k] += (slopes[k] - mean[k]) * (1 - b1);
    square[k] += (slopes[k] * slopes[k] - square[k]) * (1 - b2);
    weights[k] -= (length * mean[k]) / (Math.sqrt(square[k]) + TINY);
  }
}

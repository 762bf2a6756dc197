// Backward pass of a small Keras network: the gradient of a score with respect to the picture, by the layers of nn.js.

import { classify, forwardAll, softmax } from "./nn.js";

const STEEP = { linear: () => 1, relu: (y) => (y > 0 ? 1 : 0), tanh: (y) => 1 - y * y, sigmoid: (y) => y * (1 - y), leaky_relu: (y, leak) => (y > 0 ? 1 : leak) };

/** Gradient by a layer's input, from the gradient by its output (before the activation). */
const BACK = {
  dense({ kernel, units }, { data }, slope) {
    return data.map((_, i) => { let sum = 0; for (let j = 0; j < units; j++) sum += slope[j] * kernel[i * units + j]; return sum; });
  },
  conv({ kernel, filters, size: [kh, kw], padding }, { data, shape: [rows, columns, channels] }, slope) {
    const same = padding === "same", up = same ? (kh - 1) >> 1 : 0, left = same ? (kw - 1) >> 1 : 0, out = new Float64Array(data.length);
    const [high, wide] = [same ? rows : rows - kh + 1, same ? columns : columns - kw + 1];
    for (let r = 0; r < high; r++) for (let c = 0; c < wide; c++) for (let f = 0; f < filters; f++) {
      const g = slope[(r * wide + c) * filters + f];
      if (g) for (let i = 0; i < kh; i++) for (let j = 0; j < kw; j++) {
        const y = r + i - up, x = c + j - left;
        if (y < 0 || x < 0 || y >= rows || x >= columns) continue;
        for (let k = 0; k < channels; k++) out[(y * columns + x) * channels + k] += g * kernel[((i * kw + j) * channels + k) * filters + f];
      }
    }
    return out;
  },
  pool(_, { data, shape: [rows, columns, channels] }, slope) {
    const out = new Float64Array(data.length), [high, wide] = [rows >> 1, columns >> 1];
    for (let r = 0; r < high; r++) for (let c = 0; c < wide; c++) for (let k = 0; k < channels; k++) {
      const at = [[0, 0], [0, 1], [1, 0], [1, 1]].map(([i, j]) => ((2 * r + i) * columns + 2 * c + j) * channels + k);
      const best = at.reduce((a, b) => (data[b] > data[a] ? b : a)); // of equal ones the first
      out[best] += slope[(r * wide + c) * channels + k];
    }
    return out;
  },
  shape: (_, input, slope) => slope,
  activate: (_, input, slope) => slope,
};

/** Gradient of a score by the 64 pixels. `byLogits` turns the logits into the score's gradient by them. */
export function inputSlope(net, input, byLogits) {
  const layers = forwardAll(net, input);
  let slope = Float64Array.from(byLogits(Array.from(layers.at(-1).data)));
  for (let l = net.layers.length - 1; l >= 0; l--) {
    const name = net.layers[l].activation ?? "linear", before = l ? layers[l - 1] : { data: Float64Array.from(input), shape: net.input };
    if (name !== "linear") slope = slope.map((g, i) => g * STEEP[name](layers[l].data[i], net.layers[l].slope));
    slope = BACK[net.layers[l].type](net.layers[l], before, slope);
  }
  return Array.from(slope);
}

/** Gradient of the loss (cross-entropy) of a label by the pixels. */
export const lossSlope = (net, input, label) => inputSlope(net, input, (z) => softmax(z).map((p, k) => p - (k === label ? 1 : 0)));

/** Signs of a coin, the same for the same seed. */
export function coinSigns(count, seed) {
  let s = (seed * 2654435761 + 12345) >>> 0;
  return Array.from({ length: count }, () => { s ^= s << 13; s >>>= 0; s ^= s >>> 17; s ^= s << 5; s >>>= 0; return s & 0x10000 ? 1 : -1; });
}

export const PGD_STEPS = 12;

/** Change a picture within the budget. `how` is "step" (FGSM), "steps" (PGD) or "noise"; a target from 0 to 9, or -1 for any
    wrong answer, away from the label. PGD keeps the step at which the attack stood best. */
export function attack(net, image, { epsilon, label, target = -1, how = "steps", seed = 1 }) {
  const clip = (v, i) => Math.max(0, image[i] - epsilon, Math.min(1, image[i] + epsilon, v));
  if (how === "noise") return coinSigns(image.length, seed).map((s, i) => clip(image[i] + epsilon * s, i));
  const steps = how === "step" ? 1 : PGD_STEPS, length = how === "step" ? epsilon : (2.5 * epsilon) / steps, way = target < 0 ? 1 : -1;
  const won = (x) => { const p = classify(net, x).chances; return target < 0 ? -p[label] : p[target]; };
  let now = Array.from(image), best = now, most = won(now);
  for (let k = 0; k < steps; k++) {
    const slope = lossSlope(net, now, target < 0 ? label : target);
    now = now.map((v, i) => clip(v + way * length * Math.sign(slope[i]), i));
    const score = won(now);
    if (how === "step" || score >= most) { best = now; most = score; }
  }
  return best;
}

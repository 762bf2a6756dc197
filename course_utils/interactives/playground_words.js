// The network in words: its units and their weighted sums, and what its training has come to.

import { words } from "./runtime.js";
import { ACTIVATIONS, layerOf, place } from "./playground_net.js";

const percent = (share) => (share > 0.995 && share < 1 ? "more than 99 %" : Math.round(100 * share) + " %");
export const unitName = (net, l, j) => (l === 0 ? "Input x" + "\u2081\u2082"[j] : l === net.sizes.length - 1 ? "Output" : "Layer " + l + ", unit " + (j + 1));
/** The weighted sum of a unit, term by term. */
export function sumOf(net, l, j) {
  const k = place(net, l, j), n = net.sizes[l - 1], of = (i) => (l === 1 ? "x" + "\u2081\u2082"[i] : "unit " + (i + 1));
  const terms = Array.from(net.weights.subarray(k, k + n), (w, i) => [w, " \u00b7 " + of(i)]);
  return [...terms, [net.weights[k + n], ""]].map(([w, of], i) => (i ? (w < 0 ? " \u2212 " : " + ") + words(Math.abs(w), 2) : words(w, 2)) + of).join("");
}
/** What the picture of a unit shows. */
export function caption(net, unit) {
  const [l, j] = layerOf(net, unit), kind = ACTIVATIONS[net.kind], last = net.sizes.length - 1;
  if (l === last) return "Output: blue where it says +1, orange where \u22121. On the line each has one half.";
  if (l === 0) return unitName(net, l, j) + ", as it comes in.";
  return unitName(net, l, j) + ": " + (kind === "linear" ? "" : kind + " of ") + (net.sizes[l - 1] > 4 ? net.sizes[l - 1] + " weighted units and a bias" : sumOf(net, l, j)) + ".";
}
export function situation(scores, training) {
  if (!Number.isFinite(scores[0].loss)) return "The weights have grown past every number: this learning rate is too high. Reset, then choose a lower one.";
  const [a, b] = scores, at = training.epoch ? "After " + training.epoch + " epoch" + (training.epoch === 1 ? "" : "s") : training.next ? "In the first epoch" : "Before training";
  return at + ": loss " + words(a.loss, 2) + " nats in training, " + words(b.loss, 2) + " in the test; " + percent(a.right) + " and " + percent(b.right) + " of the points right."
    + (training.epoch || training.next ? "" : " A coin has 0.69 nats.");
}
/** The weights of every unit, one line each. */
export const unitsInWords = (net) => net.sizes.slice(1).flatMap((count, l) => Array.from({ length: count }, (_, j) => unitName(net, l + 1, j) + ": " + sumOf(net, l + 1, j)));

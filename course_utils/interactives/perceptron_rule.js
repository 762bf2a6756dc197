// The perceptron rule on points in a plane, its cycles and its bound, without any drawing.
// The neuron says +1 where W0*I0 + W1*I1 - t > 0. Weights are [W0, W1, t]; a point is [I0, I1, label].

import { seeded } from "./seeded.js";

const CAP = 10000;
export const MOST_POINTS = 40, GRID = 0.05;
// exact sums leave a score of 0; in binary it may be 1e-17
export const TINY = 1e-9;

export const score = ([w0, w1, t], [x, y]) => w0 * x + w1 * y - t;
export const output = (weights, point) => (score(weights, point) > TINY ? 1 : -1);
/** A point on the line counts as a mistake, so that weights of zero are wrong about every point. */
export const isMistake = (weights, point) => point[2] * score(weights, point) <= TINY;
/** One correction: toward a +1 point, away from a -1 point. */
export const corrected = ([w0, w1, t], [x, y, label]) => [w0 + label * x, w1 + label * y, t - label];

/** Index of the first mistake, visiting the points in order from `from`, round the end; -1 if none. */
export function findMistake(points, weights, from = 0) {
  for (let i = 0; i < points.length; i++) {
    const k = (from + i) % points.length;
    if (isMistake(weights, points[k])) return k;
  }
  return -1;
}

/** A run of the rule: `pending` is the mistake found and not yet corrected, `ended` why it is over. */
export const startRun = (weights = [0, 0, 0]) => ({
  weights, next: 0, mistakes: 0, pending: -1, ended: "", fromZero: weights.every((w) => w === 0), seen: new Map(), period: 0,
});

const place = (weights, next) => next + ":" + weights.map((w) => Math.round(w / TINY)).join();

/** Find the next mistake, or end the run. */
export function find(run, points) {
  run.pending = findMistake(points, run.weights, run.next);
  if (run.pending < 0) run.ended = "right";
  else if (!run.seen.size) run.seen.set(place(run.weights, run.pending), run.mistakes);
}

/** Correct the pending mistake. The same weights before the same mistake mean that the rule cycles. */
export function correct(run, points) {
  run.weights = corrected(run.weights, points[run.pending]);
  run.mistakes += 1;
  run.next = (run.pending + 1) % points.length;
  run.pending = -1;
  const ahead = findMistake(points, run.weights, run.next);
  if (ahead < 0) { run.ended = "right"; return; }
  const here = place(run.weights, ahead), before = run.seen.get(here);
  if (before !== undefined) { run.ended = "cycle"; run.period = run.mistakes - before; }
  else if (run.mistakes >= CAP) run.ended = "cap";
  else run.seen.set(here, run.mistakes);
}

/** The widest margin in the rule's own space, where a point is (I0, I1, 1) and the weights are (W0, W1, -t).
    The best direction is the point nearest to 0 in the hull of the vectors label * (I0, I1, 1). It lies on a
    corner, an edge or a face, so trying those finds it exactly. No positive margin: no line separates. */
export function bestMargin(points) {
  const z = points.map(([x, y, label]) => [label * x, label * y, label]);
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const minus = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
  let margin = -Infinity, best = [0, 0, 0];
  const attempt = (v) => {
    const size = Math.sqrt(dot(v, v));
    if (size < 1e-7) return;
    let least = Infinity;
    for (const a of z) { least = Math.min(least, dot(v, a) / size); if (least <= margin) return; }
    margin = least; best = v.map((c) => c / size);
  };
  z.forEach((a, i) => {
    attempt(a);
    for (let j = 0; j < i; j++) {
      const d = minus(z[j], a), dd = dot(d, d);
      if (dd < 1e-14) continue;
      const q = dot(a, d) / dd;
      attempt([a[0] - q * d[0], a[1] - q * d[1], a[2] - q * d[2]]);
      for (let k = 0; k < j; k++) {
        const e = minus(z[k], a);
        const n = [d[1] * e[2] - d[2] * e[1], d[2] * e[0] - d[0] * e[2], d[0] * e[1] - d[1] * e[0]], side = dot(n, a);
        attempt(side < 0 ? n.map((c) => -c) : n);
      }
    }
  });
  const separable = margin > 1e-7;
  return { separable, margin: separable ? margin : 0, weights: [best[0], best[1], -best[2]] };
}

export const radius = (points) => Math.max(...points.map(([x, y]) => Math.hypot(x, y, 1)));

/** Most mistakes that the rule can make from zero weights: the whole part of (R/margin)^2. */
export function mistakeBound(points) {
  const { separable, margin } = bestMargin(points);
  return separable ? Math.floor((radius(points) / margin) ** 2 + 1e-6) : Infinity;
}

export const snap = (v) => Math.round(Math.round(v / GRID) * GRID * 100) / 100;
const gate = (...labels) => [[0, 0, labels[0]], [0, 1, labels[1]], [1, 0, labels[2]], [1, 1, labels[3]]];

/** Twelve points on both sides of a hidden line, none closer to it than `gap`. */
export function randomSet(seed, gap = 0.15) {
  const r = seeded(seed), angle = 2 * Math.PI * r(), [a, b] = [Math.cos(angle), Math.sin(angle)];
  const t = (a + b) / 2 + 0.6 * (r() - 0.5), points = [];
  while (points.length < 12) {
    const p = [snap(3 * r() - 1), snap(3 * r() - 1)], s = score([a, b, t], p), label = s > 0 ? 1 : -1;
    const crowded = points.some((q) => Math.hypot(q[0] - p[0], q[1] - p[1]) < 0.3);
    if (Math.abs(s) >= gap && !crowded && points.filter((q) => q[2] === label).length < 7) points.push([...p, label]);
  }
  return points;
}

export function namedSet(name, seed = 1) {
  if (name === "random") return randomSet(seed);
  if (name === "narrow") return [...gate(-1, -1, -1, 1), [0.85, 0.85, -1]];
  return { and: gate(-1, -1, -1, 1), or: gate(-1, 1, 1, 1), xor: gate(-1, 1, 1, -1) }[name];
}

/** Turn the line about `pivot` by the angle between `from` and `to`, as seen from there. */
export function turned([w0, w1], pivot, from, to) {
  const angle = Math.atan2(to[1] - pivot[1], to[0] - pivot[0]) - Math.atan2(from[1] - pivot[1], from[0] - pivot[0]);
  const [c, s] = [Math.cos(angle), Math.sin(angle)], w = [c * w0 - s * w1, s * w0 + c * w1];
  return [...w, w[0] * pivot[0] + w[1] * pivot[1]];
}

/** A set-up from a link: [[W0, W1, t], [I0, I1, label], ...], or null if it is none. */
export function readSetup(state) {
  const triple = (a) => Array.isArray(a) && a.length === 3 && a.every((v) => Number.isFinite(v) && Math.abs(v) < 1e4);
  if (!Array.isArray(state) || state.length < 2 || state.length > MOST_POINTS + 1 || !state.every(triple)) return null;
  const [weights, ...points] = state;
  return points.every((p) => Math.abs(p[2]) === 1) ? { weights, points } : null;
}

export const VIEW = [-1.5, 2.5, -1.5, 2.5];

/** A square window with room round the points and the origin: the usual one where they fit. */
export function viewOf(points) {
  if (points.every((p) => p.slice(0, 2).every((v) => v >= VIEW[0] && v <= VIEW[1]))) return VIEW;
  const xs = [-0.5, 1.5, ...points.map((p) => p[0])], ys = [-0.5, 1.5, ...points.map((p) => p[1])];
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const half = Math.ceil(Math.max(x1 - x0, y1 - y0) * 0.65 * 2 + 0.5) / 2, [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2];
  return [cx - half, cx + half, cy - half, cy + half];
}

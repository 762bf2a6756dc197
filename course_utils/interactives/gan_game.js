// A forger and a judge in the plane, without any drawing: their data, four losses, four remedies, and what a game has come to.

import { normal, seeded } from "./seeded.js";
import { adamStep, backward, carryBack, createNet, forward, judgeSlopes } from "./gan_net.js";

export const SETS = ["ring", "two", "moon", "line"];
export const LOSSES = ["minimax", "non-saturating", "least squares", "Wasserstein"];
export const REMEDIES = ["none", "gradient penalty", "R1", "spectral norm"];
// the plane reaches from -3 to 3 both ways
export const HALF = 3;
// a place is covered when 2 % of the points lie near it
export const SPREAD = 0.15, NEAR = 3 * SPREAD, ENOUGH = 0.02;
export const WIDTH = 24, BATCH = 64;
// the lecture's strengths
export const PENALTY = 1, R1 = 0.1;

// ---- data: each set is a list of places, and each place a list of points that its examples scatter around

const ring = (k, far = 2) => [far * Math.cos((k * Math.PI) / 4), far * Math.sin((k * Math.PI) / 4)];
const pieces = (along) => Array.from({ length: 8 }, (_, k) => Array.from({ length: 12 }, (_, i) => along((k + (i + 0.5) / 12) / 8)));
export const PLACES = {
  ring: Array.from({ length: 8 }, (_, k) => [ring(k)]),
  two: [[[-1.5, -0.8]], [[1.5, 0.8]]],
  moon: pieces((t) => [2 * Math.cos(Math.PI * (1.2 * t - 0.1)), 2.6 * Math.sin(Math.PI * (1.2 * t - 0.1)) - 0.9]),
  line: pieces((t) => [4.4 * t - 2.2, 1.6 * t - 0.8]),
};

/** Real examples, x and y one after the other. */
export function realPoints(set, count, r, out = new Float64Array(2 * count)) {
  const places = PLACES[set];
  for (let i = 0; i < count; i++) {
    const place = places[Math.floor(r() * places.length)], [x, y] = place.length > 1 ? place[Math.floor(r() * place.length)] : place[0];
    out[2 * i] = x + SPREAD * normal(r);
    out[2 * i + 1] = y + SPREAD * normal(r);
  }
  return out;
}
export function noise(count, r, out = new Float64Array(2 * count)) {
  for (let i = 0; i < 2 * count; i++) out[i] = normal(r);
  return out;
}

/** How many places the points cover, out of how many, and the share of points near any of them. */
export function coverage(set, points) {
  const places = PLACES[set], counts = new Array(places.length).fill(0), total = points.length / 2;
  for (let i = 0; i < total; i++) {
    let best = NEAR * NEAR, at = -1;
    places.forEach((place, k) => place.forEach(([x, y]) => {
      const far = (points[2 * i] - x) ** 2 + (points[2 * i + 1] - y) ** 2;
      if (far < best) { best = far; at = k; }
    }));
    if (at >= 0) counts[at] += 1;
  }
  return { covered: counts.filter((n) => n >= ENOUGH * total).length, places: places.length, share: counts.reduce((a, b) => a + b, 0) / total, counts };
}

// ---- losses: mean over the batch, and slopes in the verdict f (a logit)

const sigma = (z) => 1 / (1 + Math.exp(-z));
const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
const curved = { real: (f) => [softplus(-f), -sigma(-f)], forged: (f) => [softplus(f), sigma(f)] };
export const LOSS = {
  minimax: { ...curved, forger: (f) => [-softplus(f), -sigma(f)] },
  "non-saturating": { ...curved, forger: (f) => [softplus(-f), -sigma(-f)] },
  "least squares": { real: (f) => [(f - 1) ** 2, 2 * (f - 1)], forged: (f) => [f * f, 2 * f], forger: (f) => [(f - 1) ** 2, 2 * (f - 1)] },
  Wasserstein: { real: (f) => [-f, -1], forged: (f) => [f, 1], forger: (f) => [-f, -1] },
};
/** Where the judge is torn, and on which side it is right. The Wasserstein score has no such point: only differences count. */
export const torn = (loss) => (loss === "least squares" ? 0.5 : 0);

// ---- the game

// a judge has a stream of numbers of its own, so that its rate alone does not change the forger's start
const JUDGE = 100;

/** A game before its first step. `seed` chooses the weights and all that is drawn later. */
export function startGame(set, seed, width = WIDTH) {
  const g = createNet([2, width, width, 2], seeded(seed * 7919 + 1)), d = createNet([2, width, width, 1], seeded(seed * 7919 + 2 + JUDGE)), r = seeded(seed * 7919 + 3);
  const twice = (net) => ({ mean: new Float64Array(net.weights.length), square: new Float64Array(net.weights.length), steps: 0 });
  const us = d.sizes.slice(1).map((m) => Float64Array.from({ length: m }, () => normal(r)));
  return { set, g, d, r, us, adam: { g: twice(g), d: twice(d) }, step: 0, losses: { d: 0, g: 0 }, fixed: new Float64Array(d.weights.length) };
}

/** The judge's weights with each matrix divided by its largest singular value, after one round of power iteration. */
export function divided({ d, us, fixed }, rounds = 1) {
  const norms = [];
  fixed.set(d.weights);
  us.forEach((u, l) => {
    const n = d.sizes[l], m = d.sizes[l + 1], from = d.at[l], v = new Float64Array(n), unit = (x) => { const size = Math.hypot(...x) || 1; for (let i = 0; i < x.length; i++) x[i] /= size; };
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < n; i++) { v[i] = 0; for (let j = 0; j < m; j++) v[i] += d.weights[from + i * m + j] * u[j]; }
      unit(v);
      u.fill(0);
      for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) u[j] += v[i] * d.weights[from + i * m + j];
      unit(u);
    }
    let norm = 0;
    for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) norm += v[i] * d.weights[from + i * m + j] * u[j];
    for (let k = 0; k < n * m; k++) fixed[from + k] /= norm;
    norms.push({ norm, u, v });
  });
  return norms;
}
/** From slopes in the divided matrices to slopes in the matrices. */
function throughDivision({ d, fixed }, norms) {
  norms.forEach(({ norm, u, v }, l) => {
    const n = d.sizes[l], m = d.sizes[l + 1], from = d.at[l];
    let share = 0;
    for (let k = from; k < from + n * m; k++) share += d.slopes[k] * fixed[k];
    for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) d.slopes[from + i * m + j] = (d.slopes[from + i * m + j] - share * v[i] * u[j]) / norm;
  });
}

/** Slopes of both players on given examples, in `g.slopes` and `d.slopes`; returns their losses. `only` leaves the forger out. */
export function slopesOf(game, { real, z, mix }, { loss, remedy }, count = BATCH, only = false) {
  const { g, d } = game, { real: onReal, forged: onForged, forger } = LOSS[loss];
  const norms = remedy === "spectral norm" ? divided(game) : null, weights = norms ? game.fixed : d.weights, times = new Float64Array(count), losses = { d: 0, g: 0, penalty: 0 };
  const forged = forward(g, z, count).slice(0, 2 * count);
  d.slopes.fill(0); g.slopes.fill(0);
  const verdicts = (x, judge) => forward(d, x, count, weights).slice(0, count).map((f, e) => { const [value, slope] = judge(f); losses.d += value / count; times[e] = slope / count; return f; });
  const steep = (square) => Math.sqrt(square + 1e-12);
  verdicts(real, onReal);
  judgeSlopes(d, count, times, remedy === "R1" ? (square) => { losses.penalty += (R1 / 2) * square / count; return R1 / count; } : null, weights);
  if (remedy === "gradient penalty") {
    forward(d, real.map((v, k) => v + mix[k >> 1] * (forged[k] - v)), count, weights);
    times.fill(0);
    judgeSlopes(d, count, times, (square) => { losses.penalty += (PENALTY * (steep(square) - 1) ** 2) / count; return (2 * PENALTY * (steep(square) - 1)) / steep(square) / count; }, weights);
  }
  const f = verdicts(forged, onForged);
  judgeSlopes(d, count, times, null, weights);
  losses.d += losses.penalty;
  if (!only) {
    // delta[0] holds the slope of each verdict in the forged point
    const byPoint = new Float64Array(2 * count);
    for (let e = 0; e < count; e++) {
      const [value, slope] = forger(f[e]);
      losses.g += value / count;
      byPoint[2 * e] = (slope * d.delta[0][2 * e]) / count;
      byPoint[2 * e + 1] = (slope * d.delta[0][2 * e + 1]) / count;
    }
    backward(g, byPoint, count);
  }
  if (norms) throughDivision(game, norms);
  return losses;
}

/** One step of the game: the judge moves `rounds` times, the last time together with the forger. */
export function play(game, setting) {
  const { r, g, d, adam } = game;
  for (let round = setting.rounds; round > 0; round--) {
    const examples = { real: realPoints(game.set, BATCH, r), z: noise(BATCH, r), mix: Float64Array.from({ length: BATCH }, r) };
    game.losses = slopesOf(game, examples, setting, BATCH, round > 1);
    adamStep(d, adam.d, setting.judgeRate);
  }
  adamStep(g, adam.g, setting.forgerRate);
  game.step += 1;
  return game.losses;
}

/** Forged points for given noise. */
export const forge = (game, z) => forward(game.g, z, z.length / 2).slice(0, z.length);

/** The judge's weights in use: with the spectral norm they are divided (here without another round of power iteration). */
const inUse = (game, remedy) => {
  if (remedy !== "spectral norm") return game.d.weights;
  const us = game.us.map((u) => u.slice());
  divided({ ...game, us });
  return game.fixed;
};
export const verdictsOn = (game, points, { remedy }) => forward(game.d, points, points.length / 2, inUse(game, remedy)).slice(0, points.length / 2);

/** How each forged point is pushed: minus the slope of the forger's loss for it, as x and y one after the other. */
export function pushes(game, points, { loss, remedy }) {
  const count = points.length / 2, weights = inUse(game, remedy), { d } = game, f = forward(d, points, count, weights);
  for (let e = 0; e < count; e++) d.delta.at(-1)[e] = -LOSS[loss].forger(f[e])[1];
  carryBack(d, count, weights);
  return d.delta[0].slice(0, 2 * count);
}

/** Share of verdicts on the right side; 1/2 is a coin. For Wasserstein: the share of pairs in the right order. */
export function judged(game, real, forged, setting) {
  const [a, b] = [real, forged].map((x) => verdictsOn(game, x, setting));
  if (setting.loss !== "Wasserstein") return (a.filter((f) => f > torn(setting.loss)).length + b.filter((f) => f < torn(setting.loss)).length) / (a.length + b.length);
  const sorted = Float64Array.from(b).sort();
  let right = 0;
  for (const f of a) { let low = 0, high = sorted.length; while (low < high) { const k = (low + high) >> 1; if (sorted[k] < f) low = k + 1; else high = k; } right += low; }
  return right / (a.length * b.length);
}

/** Keep a curve short: half of its points go whenever there are more than `most`. Rows are [step, judge's loss, forger's loss]. */
export function note(history, row, most = 240) {
  if (history.rows.length && row[0] - history.rows.at(-1)[0] < history.stride) return;
  history.rows.push(row);
  if (history.rows.length < most) return;
  history.rows = history.rows.filter((_, k) => k % 2 === 0);
  history.stride *= 2;
}

const whole = (v, low, high) => Number.isInteger(v) && v >= low && v <= high;
const rate = (v) => v >= 1e-5 && v <= 0.1;
/** A set-up from a link, or null if it is none: [set, loss, remedy, forger's rate, judge's rate, judge's rounds, seed, start, arrows]. */
export function readSetting(state) {
  if (!Array.isArray(state) || state.length !== 9 || !state.every(Number.isFinite)) return null;
  const [set, loss, remedy, forgerRate, judgeRate, rounds, seed, start, arrows] = state;
  const good = whole(set, 0, 3) && whole(loss, 0, 3) && whole(remedy, 0, 3) && rate(forgerRate) && rate(judgeRate) && whole(rounds, 1, 10) && whole(seed, 0, 2 ** 31 - 1) && whole(start, 0, 1e6) && whole(arrows, 0, 1);
  return good ? { set: SETS[set], loss: LOSSES[loss], remedy: REMEDIES[remedy], forgerRate, judgeRate, rounds, seed, start, arrows: arrows === 1 } : null;
}

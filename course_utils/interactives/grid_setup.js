// A set-up of the grid: what was swept and what was learned in it, how far that is from the exact values, and the link that brings it back.

import { bestMoves, distanceOf, exactValues, lookAhead, makeWorld, MOST_MOVES, moveOn, playEpisode, policyValues, readRows, START, startLearner, sweepOnce, valuesOf } from "./tabular.js";

export const MOST_SWEEPS = 1000, MOST_EPISODES = 5000, LATEST = 100;
export const SHOWN = ["plan", "learn", "exact"], LIMITS = { gamma: [0, 0.99], epsilon: [0, 1], alpha: [0.01, 1], slip: [0, 0.6], cost: [0, 0.1] };
export const mean = (values) => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);

/** A set-up at its beginning: nothing swept, nothing learned. `kept` says that a link can bring back what is seen. */
export function startWorld({ grid, cells, columns, seed, ...settings }) {
  const now = { cells: cells ? [...cells] : readRows(grid), columns: columns ?? grid[0].length, seed, ...settings, sweeps: 0, kept: true };
  now.values = new Float64Array(now.cells.length);
  rebuild(now);
  now.one = startLearner(now.world, seed);
  now.course = [[0, distanceOf(now.world, now.values, now.exact.values).most]];
  return now;
}
/** The grid or what its moves cost has changed: new paths and new exact values. What was swept or learned stays. */
export function rebuild(now) {
  now.world = makeWorld(now.cells, now.columns, now);
  now.exact = exactValues(now.world, now.gamma);
}
export function sweepWorld(now) {
  now.values = sweepOnce(now.world, now.values, now.gamma);
  now.sweeps++;
  now.course.push([now.sweeps, distanceOf(now.world, now.values, now.exact.values).most]);
}
/** Values, Q and policy's worth of what is shown, and its distance to the exact values. */
export function survey(now, show = now.show) {
  const { world, exact, one, gamma } = now, q = show === "learn" ? one.q : show === "exact" ? exact.q : lookAhead(world, now.values, gamma), values = show === "learn" ? valuesOf(world, q) : show === "exact" ? exact.values : now.values;
  const worth = policyValues(world, (s) => bestMoves(q, s), gamma)[world.start], untried = world.places.reduce((sum, s) => sum + [0, 1, 2, 3].filter((a) => !one.tried[4 * s + a]).length, 0);
  return { q, values, worth, untried, best: exact.values[world.start], moves: 4 * world.places.length, ...distanceOf(world, values, exact.values), last: mean(one.returns.slice(-LATEST)) };
}
/** A set-up from a link: [[columns, five settings, shown, triangles, seed, sweeps, episodes, moves], kinds of the cells]; null if it is none. */
export function readWorld(state) {
  if (!Array.isArray(state) || state.length !== 2 || !state.every((row) => Array.isArray(row) && row.every(Number.isFinite)) || state[0].length !== 12) return null;
  const [[columns, gamma, epsilon, alpha, slip, cost, show, triangles, seed, sweeps, episodes, moves], cells] = state, settings = { gamma, epsilon, alpha, slip, cost };
  const whole = (v, low, high) => Number.isInteger(v) && v >= low && v <= high, rows = cells.length / columns;
  return whole(columns, 2, 8) && whole(rows, 2, 7) && cells.every((kind) => whole(kind, 0, 5)) && cells.filter((kind) => kind === START).length === 1 && Object.entries(LIMITS).every(([name, [low, high]]) => settings[name] >= low && settings[name] <= high)
    && whole(show, 0, 2) && whole(triangles, 0, 1) && whole(seed, 0, 2 ** 31 - 1) && whole(sweeps, 0, MOST_SWEEPS) && whole(episodes, 0, MOST_EPISODES) && whole(moves, 0, MOST_MOVES - 1)
    ? { cells, columns, ...settings, show: SHOWN[show], triangles: !!triangles, seed, sweeps, episodes, moves } : null;
}
/** Sweep, play and move as often as a link says. */
export function replay({ sweeps = 0, episodes = 0, moves = 0, ...setup }) {
  const now = startWorld(setup);
  while (now.sweeps < sweeps) sweepWorld(now);
  while (now.one.episodes < episodes) playEpisode(now.one, now.world, now);
  for (let k = 0; k < moves; k++) moveOn(now.one, now.world, now);
  return now;
}

// A grid world as a table of moves: value iteration, exact values by a linear solve, and Q-learning.

import { seeded } from "./seeded.js";

/** What a cell can be: floor, wall, goal, prize, trap, start; and what entering it pays. Goal, prize and trap end an episode. */
export const SIGNS = ".#GgTS", PAYS = [0, 0, 1, 0.3, -1, 0];
export const [FLOOR, WALL, GOAL, PRIZE, TRAP, START] = [0, 1, 2, 3, 4, 5];
/** Up, right, down, left as [rows, columns]; the two beside a move are its neighbours in this list. */
export const MOVES = [[-1, 0], [0, 1], [1, 0], [0, -1]];
export const MOST_MOVES = 100; // an episode is cut off then
const EQUAL = 1e-9;

export const isOpen = (kind) => kind === FLOOR || kind === START;
export const ends = (kind) => kind === GOAL || kind === PRIZE || kind === TRAP;
/** ["..G", "S.T"] as one list of kinds. */
export const readRows = (rows) => [...rows.join("")].map((sign) => SIGNS.indexOf(sign));

/** All moves of a grid: for place s and move a, `paths[4 s + a]` lists [chance, next place, reward, over].
    With chance `slip` the foot goes to one of the two sides instead, each as often. A move into a wall or out of the grid stays. */
export function makeWorld(cells, columns, { slip = 0, cost = 0 } = {}) {
  const rows = cells.length / columns, paths = new Array(4 * cells.length), places = [];
  const landing = (s, [down, right]) => {
    const r = Math.floor(s / columns) + down, c = (s % columns) + right, next = r * columns + c;
    return r < 0 || r >= rows || c < 0 || c >= columns || cells[next] === WALL ? s : next;
  };
  cells.forEach((kind, s) => {
    if (!isOpen(kind)) return;
    places.push(s);
    for (let a = 0; a < 4; a++) {
      paths[4 * s + a] = [[a, 1 - slip], [(a + 3) % 4, slip / 2], [(a + 1) % 4, slip / 2]].filter(([, chance]) => chance > 0).map(([b, chance]) => {
        const next = landing(s, MOVES[b]);
        return [chance, next, PAYS[cells[next]] - cost, ends(cells[next])];
      });
    }
  });
  return { cells, columns, rows, size: cells.length, places, paths, start: cells.indexOf(START) };
}

/** What each move is worth, if afterwards the places are worth V. */
export function lookAhead(world, values, gamma) {
  const q = new Float64Array(4 * world.size);
  for (const s of world.places) for (let a = 0; a < 4; a++) {
    let sum = 0;
    for (const [chance, next, reward, over] of world.paths[4 * s + a]) sum += chance * (reward + (over ? 0 : gamma * values[next]));
    q[4 * s + a] = sum;
  }
  return q;
}
export const bestOf = (q, s) => Math.max(q[4 * s], q[4 * s + 1], q[4 * s + 2], q[4 * s + 3]);
/** The best moves of a place: one, or several that are equally good. */
export function bestMoves(q, s) {
  const best = bestOf(q, s) - EQUAL;
  return [0, 1, 2, 3].filter((a) => q[4 * s + a] >= best);
}
/** The best move's value of every place. */
export function valuesOf(world, q) {
  const values = new Float64Array(world.size);
  for (const s of world.places) values[s] = bestOf(q, s);
  return values;
}
/** One sweep of value iteration: every place is computed from the values before the sweep. */
export const sweepOnce = (world, values, gamma) => valuesOf(world, lookAhead(world, values, gamma));

/** Solve A x = b by elimination; A and b are used up. */
export function solve(A, b) {
  const n = b.length;
  for (let k = 0; k < n; k++) {
    let p = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(A[i][k]) > Math.abs(A[p][k])) p = i;
    [A[k], A[p]] = [A[p], A[k]]; [b[k], b[p]] = [b[p], b[k]];
    for (let i = k + 1; i < n; i++) {
      const f = A[i][k] / A[k][k];
      if (!f) continue;
      for (let j = k; j < n; j++) A[i][j] -= f * A[k][j];
      b[i] -= f * b[k];
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    for (let j = k + 1; j < n; j++) b[k] -= A[k][j] * b[j];
    b[k] /= A[k][k];
  }
  return b;
}
/** What a policy is worth everywhere, exactly: (I - gamma P) v = r. `choose(s)` lists its moves in s, each taken as often. */
export function policyValues(world, choose, gamma) {
  const { places } = world, row = new Map(places.map((s, i) => [s, i])), n = places.length;
  const A = places.map((_, i) => { const line = new Float64Array(n); line[i] = 1; return line; }), b = new Float64Array(n);
  places.forEach((s, i) => {
    const moves = choose(s);
    for (const a of moves) for (const [chance, next, reward, over] of world.paths[4 * s + a]) {
      b[i] += (chance * reward) / moves.length;
      if (!over) A[i][row.get(next)] -= (gamma * chance) / moves.length;
    }
  });
  const found = solve(A, b), values = new Float64Array(world.size);
  places.forEach((s, i) => { values[s] = found[i]; });
  return values;
}
/** The best values there are: solve for a policy, take its best moves, and again, until nothing gets better. */
export function exactValues(world, gamma) {
  const policy = new Array(world.size).fill(0);
  for (let turn = 0; ; turn++) {
    const values = policyValues(world, (s) => [policy[s]], gamma), q = lookAhead(world, values, gamma);
    let changed = false;
    for (const s of world.places) {
      const best = bestOf(q, s);
      if (best > q[4 * s + policy[s]] + 1e-12) { policy[s] = [0, 1, 2, 3].find((a) => q[4 * s + a] === best); changed = true; }
    }
    if (!changed || turn > 200) return { values, q };
  }
}
/** How far values are from others: the largest distance, where it is, and the mean. */
export function distanceOf(world, values, others) {
  let [most, where, sum] = [0, -1, 0];
  for (const s of world.places) {
    const d = Math.abs(values[s] - others[s]);
    sum += d;
    if (d > most) [most, where] = [d, s];
  }
  return { most, where, mean: sum / Math.max(1, world.places.length) };
}

// ---- Q-learning

export const startLearner = (world, seed) => ({ q: new Float64Array(4 * world.size), tried: new Uint32Array(4 * world.size), dice: seeded(seed), at: -1, moves: 0, episodes: 0, gain: 0, returns: [], path: [], seed });
/** Where a move leads this time. */
export function drawPath(paths, u) {
  for (const path of paths) if ((u -= path[0]) < 0) return path;
  return paths.at(-1);
}
/** The rule: go the part alpha of the way from what was expected to what was met. */
export function learn(q, s, a, reward, next, over, alpha, gamma) {
  const was = q[4 * s + a], target = reward + (over ? 0 : gamma * bestOf(q, next));
  q[4 * s + a] = was + alpha * (target - was);
  return { was, target, now: q[4 * s + a] };
}
/** One move of an episode, by chance or greedy, and what is learned from it. Says what happened. */
export function moveOn(one, world, { gamma, epsilon, alpha }) {
  if (one.at < 0 || !isOpen(world.cells[one.at])) { one.at = world.start; one.moves = 0; one.gain = 0; one.path = [world.start]; }
  const s = one.at, explored = one.dice() < epsilon, among = explored ? [0, 1, 2, 3] : bestMoves(one.q, s), a = among[Math.floor(one.dice() * among.length)];
  const [, next, reward, over] = drawPath(world.paths[4 * s + a], one.dice());
  const change = learn(one.q, s, a, reward, next, over, alpha, gamma);
  one.tried[4 * s + a]++;
  one.gain += gamma ** one.moves * reward;
  one.moves++;
  one.path.push(next);
  one.at = next;
  const done = over || one.moves >= MOST_MOVES;
  if (done) { one.returns.push(one.gain); one.episodes++; one.at = -1; }
  return { s, a, next, reward, over, done, explored, ...change };
}
export function playEpisode(one, world, setting) {
  while (!moveOn(one, world, setting).done);
}
/** A walk of the greedy policy, as the grid lets it slip; nothing is learned. */
export function greedyWalk(world, q, dice) {
  const path = [world.start];
  while (path.length <= MOST_MOVES) {
    const s = path.at(-1), moves = bestMoves(q, s), [, next, , over] = drawPath(world.paths[4 * s + moves[Math.floor(dice() * moves.length)]], dice());
    path.push(next);
    if (over) break;
  }
  return path;
}

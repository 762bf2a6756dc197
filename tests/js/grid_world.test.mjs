import assert from "node:assert/strict";
import { test } from "node:test";
import { readWorld, replay, startWorld, survey, sweepWorld } from "../../course_utils/interactives/grid_setup.js";
import { moveInWords, placeInWords, situation } from "../../course_utils/interactives/grid_words.js";
import { TRIES } from "../../course_utils/interactives/grid_world.js";
import { bestMoves, distanceOf, exactValues, GOAL, greedyWalk, learn, lookAhead, makeWorld, MOST_MOVES, moveOn, playEpisode, policyValues, PRIZE, readRows, solve, startLearner, sweepOnce, TRAP, valuesOf } from "../../course_utils/interactives/tabular.js";
import { packState, unpackState } from "../../course_utils/interactives/runtime.js";
import { seeded } from "../../course_utils/interactives/seeded.js";
import reference from "./grid_reference.mjs";

const ROOM = ["....#..G", ".##.#.T.", "....#...", ".#T...#.", "S......."], CLIFF = TRIES["Icy cliff"][0].grid;
const worldOf = ({ grid, ...rest }) => makeWorld(readRows(grid), grid[0].length, rest);
const near = (a, b, tolerance = 1e-9, what = "") => assert.ok(Math.abs(a - b) <= tolerance, `${what} ${a} is not ${b}`);
const same = (a, b, tolerance, what) => { assert.equal(a.length, b.length); b.forEach((v, i) => near(a[i], v, tolerance, `${what}[${i}]`)); };
const setup = (name, change = {}) => startWorld({ ...TRIES[name][0], seed: 1, ...change });
const played = (now, count = 200) => { for (let k = 0; k < count; k++) playEpisode(now.one, now.world, now); return now; };
const swept = (now, count = 40) => { for (let k = 0; k < count; k++) sweepWorld(now); return now; };
const row = (now, s) => Math.floor(s / now.columns);
const SEEDS = [1, 2, 3, 4, 5];
/** The way that the greedy policy means to go, if it never slips and takes the first of equal moves. */
function meantWay(world, q) {
  const path = [world.start];
  while (path.length <= world.size) {
    const s = path.at(-1), next = world.paths[4 * s + bestMoves(q, s)[0]][0][1];
    if (path.includes(next)) break;
    path.push(next);
    if ([GOAL, PRIZE, TRAP].includes(world.cells[next])) break;
  }
  return path;
}

test("exact values, seven sweeps and a random policy's values agree with NumPy", () => {
  assert.ok(reference.worlds.length >= 6);
  for (const given of reference.worlds) {
    const world = worldOf(given), { gamma } = given, { values, q } = exactValues(world, gamma), what = given.grid.join("|");
    same(values, given.exact, 1e-8, what);
    same(valuesOf(world, q), given.exact, 1e-8, what);
    let partial = new Float64Array(world.size);
    for (let k = 0; k < 7; k++) partial = sweepOnce(world, partial, gamma);
    same(partial, given.sweeps7, 1e-10, what);
    same(policyValues(world, () => [0, 1, 2, 3], gamma), given.random, 1e-9, what);
  }
});

test("Q-learning agrees with NumPy on the same moves", () => {
  const { steps, alpha, gamma, q: expected, grid } = reference.learned, q = new Float64Array(4 * grid.join("").length);
  for (const [s, a, reward, next, over] of steps) learn(q, s, a, reward, next, over, alpha, gamma);
  same(q, expected, 1e-9, "q");
});

test("the linear solve gives back what was multiplied, also where the first pivot is zero", () => {
  const r = seeded(4), A = Array.from({ length: 12 }, (_, i) => Float64Array.from({ length: 12 }, (_, j) => (i === 0 && j === 0 ? 0 : r() - 0.5))), x = Float64Array.from({ length: 12 }, () => r());
  const b = Float64Array.from(A, (line) => line.reduce((sum, v, j) => sum + v * x[j], 0));
  same(solve(A.map((line) => line.slice()), b), [...x], 1e-9, "x");
});

test("chances add up to one, slips go sideways, walls and edges stop", () => {
  const world = worldOf({ grid: ROOM, slip: 0.3, cost: 0.02 });
  for (const s of world.places) for (let a = 0; a < 4; a++) near(world.paths[4 * s + a].reduce((sum, [chance]) => sum + chance, 0), 1);
  const up = world.paths[4 * world.start]; // up, or slipped: left into the edge, right
  assert.deepEqual(up.map(([chance, next]) => [+chance.toFixed(3), next]), [[0.7, 24], [0.15, 32], [0.15, 33]]);
  assert.deepEqual(up.map(([, , reward, over]) => [reward, over]), [[-0.02, false], [-0.02, false], [-0.02, false]]);
  const goal = world.paths[4 * 6 + 1][0];
  near(goal[2], 0.98); assert.equal(goal[3], true); assert.equal(goal[1], 7);
  assert.equal(world.paths[4 * 3 + 1][0][1], 3, "a wall stops");
  assert.equal(worldOf({ grid: ROOM }).paths[0].length, 1, "without slip one path");
});

test("each sweep brings values nearer by gamma at least, and the policy that is left is the best", () => {
  for (const given of reference.worlds) {
    const world = worldOf(given), exact = exactValues(world, given.gamma);
    let values = new Float64Array(world.size), before = distanceOf(world, values, exact.values).most;
    for (let k = 0; k < 60; k++) {
      values = sweepOnce(world, values, given.gamma);
      const now = distanceOf(world, values, exact.values).most;
      assert.ok(now <= given.gamma * before + 1e-12);
      before = now;
    }
    const q = lookAhead(world, exact.values, given.gamma);
    same(policyValues(world, (s) => bestMoves(q, s), given.gamma), [...exact.values], 1e-9);
    for (const s of world.places) near(Math.max(...q.slice(4 * s, 4 * s + 4)), exact.values[s], 1e-9);
  }
});

test("Q-learning that tries everything finds the exact values where nothing slips, and comes near where it does", () => {
  const still = worldOf({ grid: ROOM, cost: 0.01 }), one = startLearner(still, 3);
  for (let k = 0; k < 2500; k++) playEpisode(one, still, { gamma: 0.95, epsilon: 1, alpha: 1 });
  same(one.q, [...exactValues(still, 0.95).q], 1e-9, "q");
  const icy = worldOf({ grid: ["..G", "S.T"], slip: 0.2, cost: 0.01 }), two = startLearner(icy, 3);
  for (const [alpha, count] of [[0.2, 1000], [0.05, 4000], [0.01, 16000]]) for (let k = 0; k < count; k++) playEpisode(two, icy, { gamma: 0.9, epsilon: 1, alpha });
  const off = distanceOf(icy, valuesOf(icy, two.q), exactValues(icy, 0.9).values).most;
  assert.ok(off < 0.02, String(off));
});

test("the return is the discounted sum of the rewards, and an endless episode is cut off", () => {
  const world = worldOf({ grid: ["S.", ".G"], cost: 0.05 }), one = startLearner(world, 1), setting = { gamma: 0.9, epsilon: 1, alpha: 0.5 };
  let sum = 0, k = 0, step;
  do { step = moveOn(one, world, setting); sum += 0.9 ** k++ * step.reward; } while (!step.done);
  near(one.returns[0], sum); assert.equal(one.path.length, k + 1); assert.equal(one.path.at(-1), 3);
  const closed = worldOf({ grid: ["S#.", "##G"] }), two = startLearner(closed, 1);
  playEpisode(two, closed, setting);
  assert.equal(two.path.length, MOST_MOVES + 1); assert.equal(two.returns[0], 0);
  assert.equal(greedyWalk(closed, two.q, seeded(1)).length, MOST_MOVES + 1);
});

test("the same dice give the same learning, other dice another", () => {
  const q = (seed) => [...played(setup("Clumsy", { seed }), 50).one.q];
  assert.deepEqual(q(1), q(1)); assert.notDeepEqual(q(1), q(2));
});

// ---- the set-ups do what they say

test("icy cliff: the best way keeps a row away from the traps, and along them without slip", () => {
  const now = swept(setup("Icy cliff")), seen = survey(now), way = meantWay(now.world, seen.q), goal = now.cells.indexOf(GOAL);
  assert.equal(way.at(-1), goal);
  for (let c = 1; c <= 6; c++) for (const s of way.filter((s) => s % 8 === c)) assert.ok(row(now, s) <= 2, `${way}`);
  assert.ok(seen.most < 1e-4, "40 sweeps are enough");
  const still = swept(setup("Icy cliff", { slip: 0 })), along = meantWay(still.world, survey(still).q);
  assert.deepEqual(along.slice(1, -1).map((s) => row(still, s)), new Array(8).fill(3)); assert.equal(along.at(-1), goal);
  assert.ok(seen.best < survey(still).best);
});

test("impatient: the near prize at gamma 0.6, the goal at 0.9; the change lies at the fourth root of 0.3", () => {
  const end = (gamma) => { const now = swept(setup("Impatient", { gamma }), 20); return now.cells[meantWay(now.world, survey(now).q).at(-1)]; };
  assert.equal(end(0.6), PRIZE); assert.equal(end(0.74), PRIZE); assert.equal(end(0.75), GOAL); assert.ok(0.74 < 0.3 ** 0.25 && 0.3 ** 0.25 < 0.75); assert.equal(end(0.9), GOAL);
  const now = setup("Impatient"), here = swept(setup("Impatient"), 20), way = meantWay(now.world, exactValues(now.world, 0.95).q);
  assert.equal(way.length - 1, 5, "as the question counts");
  assert.equal(here.cells[meantWay(here.world, survey(here).q).at(-1)], PRIZE, "as it begins");
});

test("never explores: stuck with the small prize whatever the dice; with exploration most find the goal", () => {
  let found = 0;
  for (const seed of SEEDS) {
    const now = played(setup("Never explores", { seed })), first = survey(now).worth;
    assert.equal(now.cells[now.one.path.at(-1)], PRIZE);
    near(first, 0.285, 1e-6); near(survey(played(now)).worth, first, 1e-9, "200 more change nothing");
    const other = played(setup("Never explores", { seed, epsilon: 0.3 }), 400);
    found += survey(other).worth > 0.9;
  }
  assert.ok(found >= 3, String(found));
  assert.ok(survey(played(setup("Never explores", { epsilon: 0.3 }))).worth > 0.9, "with the dice that all readers have");
});

test("far goal: no reward in 200 episodes; with a cost of 0.01 it is found within 40", () => {
  for (const seed of SEEDS) {
    const now = played(setup("Far goal", { seed }));
    assert.ok(now.one.returns.every((g) => g === 0), `seed ${seed}`);
    const dear = played(setup("Far goal", { seed, cost: 0.01 })), seen = survey(dear);
    assert.ok(seen.worth > 0.99 * seen.best, `seed ${seed}`);
    const hit = dear.one.returns.findIndex((g) => g > 0);
    assert.ok(hit >= 0 && hit < 40, `${hit}`);
  }
  const now = setup("Far goal");
  assert.equal(meantWay(now.world, now.exact.q).length - 1, 25);
});

test("clumsy: poor returns, but a greedy policy that is the best or close to it", () => {
  for (const seed of SEEDS) {
    const now = played(setup("Clumsy", { seed })), seen = survey(now);
    assert.ok(seen.last < -0.15 && seen.worth > 0.8 * seen.best && seen.best > 0.58, `${seed}: ${seen.last} ${seen.worth}`);
  }
  const seen = survey(played(setup("Clumsy")));
  near(seen.worth, seen.best, 1e-9, "with the dice that all readers have");
});

test("set-ups ask for a guess, have one start and fit the sliders", () => {
  assert.ok(Object.keys(TRIES).length >= 5);
  for (const [name, [given, question]] of Object.entries(TRIES)) {
    assert.ok(/Guess/.test(question), name);
    const now = startWorld({ ...given, seed: 1 }), state = [[now.columns, given.gamma, given.epsilon, given.alpha, given.slip, given.cost, 0, 0, 1, 0, 0, 0], now.cells];
    assert.ok(readWorld(unpackState(packState(state))), name);
  }
});

// ---- words, edits and links

test("what is told is true", () => {
  const now = startWorld({ grid: ROOM, gamma: 0.95, epsilon: 0.2, alpha: 0.5, slip: 0, cost: 0.01, seed: 1, show: "plan" });
  assert.match(situation(now, survey(now)), /^Nothing is swept yet/);
  swept(now, 3);
  const seen = survey(now), largest = Math.max(...now.world.places.map((s) => Math.abs(now.values[s] - now.exact.values[s])));
  assert.ok(situation(now, seen).startsWith("After 3 sweeps: " + largest.toFixed(2) + " from the exact values"));
  swept(now, 20);
  assert.match(situation(now, survey(now)), /the exact values, to six digits/);
  assert.equal(placeInWords(now, survey(now), 6), "Row 1, column 7: worth 0.99, exactly 0.99. up 0.93, right 0.99, down \u22121.01, left 0.87. Right is 0.99.");
  assert.match(placeInWords(now, survey(now), 32), /Right is \(\u22120\.01 \+ 0\.95 \u00b7 0\.55\)\.$/);
  assert.equal(placeInWords(now, survey(now), 7), "Row 1, column 8: goal, pays 1 and ends the episode.");
  assert.equal(placeInWords(now, survey(now), 4), "Row 1, column 5: wall.");
  now.show = "learn";
  assert.match(situation(now, survey(now)), /^Nothing is learned yet/);
  const step = moveOn(now.one, now.world, now), told = moveInWords(now, step);
  near(step.now, step.was + 0.5 * (step.target - step.was));
  assert.match(told, /Target \u22120\.01 \+ 0\.95 \u00b7 0\.00 = \u22120\.01\. Q goes 0\.50 of the way from 0\.00 there: \u22120\.01\.$/);
  played(now, 200);
  const late = survey(now), latest = now.one.returns.slice(-100).reduce((a, b) => a + b) / 100;
  near(late.last, latest);
  assert.equal(late.untried, now.world.places.reduce((sum, s) => sum + [...now.one.tried.slice(4 * s, 4 * s + 4)].filter((n) => !n).length, 0));
  assert.match(situation(now, late), /^After 200 episodes: return .* on average over the last 100\. Its greedy policy is worth 0\.51 at the start, the best one 0\.51\. Q-learning is .* moves never tried\.$/);
  for (const show of ["plan", "learn", "exact"]) { now.show = show; for (let s = 0; s < now.cells.length; s++) assert.ok(!/NaN|undefined|Infinity|-/.test(placeInWords(now, survey(now), s).replace("Q-learning", ""))); }
});

test("grids without any end, and starts walled in, are still told", () => {
  for (const grid of [["S.", ".."], ["S#", "#G"], ["ST", "TT"]]) {
    const now = played(swept(startWorld({ grid, gamma: 0.99, epsilon: 0.5, alpha: 0.5, slip: 0.6, cost: 0.1, seed: 1, show: "learn" }), 5), 5);
    for (const show of ["plan", "learn", "exact"]) { now.show = show; assert.ok(!/NaN|undefined|Infinity/.test(situation(now, survey(now)))); }
  }
});

test("a link brings back sweeps, episodes and the moves of one that is begun", () => {
  const now = swept(played(setup("Clumsy"), 33), 4);
  for (let k = 0; k < 2; k++) moveOn(now.one, now.world, now);
  assert.ok(now.one.at >= 0);
  const state = [[now.columns, 0.95, 0.4, 0.5, 0, 0.01, 1, 1, 1, 4, 33, 2], now.cells], back = replay(readWorld(unpackState(packState(state))));
  assert.deepEqual([...back.one.q], [...now.one.q]); assert.deepEqual([...back.values], [...now.values]);
  assert.deepEqual(back.one.path, now.one.path); assert.equal(back.show, "learn"); assert.equal(back.triangles, true);
});

test("junk is no set-up", () => {
  const cells = readRows(CLIFF), good = [8, 0.95, 0.4, 0.5, 0, 0.01, 1, 1, 1, 4, 33, 2], swap = (k, v) => [good.map((old, i) => (i === k ? v : old)), cells];
  assert.ok(readWorld([good, cells]));
  for (const junk of [null, 3, [good], [good, cells.slice(1)], [good.slice(1), cells], swap(0, 9), swap(0, 7), swap(1, 1), swap(2, -0.1), swap(3, 0), swap(4, 0.7), swap(5, 1), swap(6, 3), swap(7, 2), swap(8, 0.5), swap(9, 1e9), swap(10, 1e9), swap(11, 100), [good, cells.map((c, i) => (i ? c : 6))], [good, cells.map((c) => (c === 5 ? 0 : c))], [good, cells.map((c) => (c === TRAP ? 5 : c))], [good, cells.map((c, i) => (i ? c : NaN))]]) assert.equal(readWorld(junk), null);
});

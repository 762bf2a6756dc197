import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bestMargin, correct, find, isMistake, mistakeBound, namedSet, output, radius, randomSet, readSetup, score, startRun, turned, viewOf,
} from "../../course_utils/interactives/perceptron_rule.js";
import { clipHalf, clipLine, distanceToSegment, ticks } from "../../course_utils/interactives/plot.js";
import { packState, unpackState, words } from "../../course_utils/interactives/runtime.js";
import { seeded } from "../../course_utils/interactives/seeded.js";
import reference from "./reference.mjs";

const close = (a, b, tolerance, what = "") => assert.ok(Math.abs(a - b) <= tolerance, `${what} ${a} is not within ${tolerance} of ${b}`);
/** The whole rule, to its end. */
function runRule(points) {
  const run = startRun();
  while (!run.ended) { find(run, points); if (run.pending >= 0) correct(run, points); }
  return run;
}
const spread = (n, seed, labels) => {
  const r = seeded(seed);
  return Array.from({ length: n }, () => [Math.round(60 * r() - 20) / 20, Math.round(60 * r() - 20) / 20, labels(r)]);
};

test("every correction equals the reference, mistake by mistake", () => {
  for (const { points, steps } of reference.runs) {
    const run = startRun();
    for (const [index, ...weights] of steps) {
      find(run, points);
      assert.equal(run.pending, index);
      correct(run, points);
      weights.forEach((w, i) => close(run.weights[i], w, 1e-9, "weight"));
    }
  }
});

test("the best margin equals the reference, and none is found where there is none", () => {
  for (const { points, margin } of reference.margins) {
    const found = bestMargin(points);
    assert.equal(found.separable, margin > 0);
    close(found.margin, margin, 1e-9, "margin");
  }
});

test("the best margin beats every direction tried by brute force, and brute force comes near it", () => {
  for (let seed = 1; seed <= 12; seed++) {
    const points = randomSet(seed), { margin, weights } = bestMargin(points), r = seeded(seed);
    const marginOf = (w) => Math.min(...points.map((p) => p[2] * score(w, p))) / Math.hypot(...w);
    close(marginOf(weights), margin, 1e-12);
    let best = -Infinity, at;
    const attempt = (w) => { const m = marginOf(w); if (m > best) { best = m; at = w; } };
    for (let i = 0; i < 8000; i++) attempt([2 * r() - 1, 2 * r() - 1, 2 * r() - 1]);
    for (let step = 0.1; step > 1e-6; step *= 0.9) {
      for (let i = 0; i < 40; i++) attempt(at.map((w) => w / Math.hypot(...at) + step * (2 * r() - 1)));
    }
    assert.ok(best <= margin + 1e-12, "brute force found a wider margin");
    close(best, margin, 1e-4 * margin, "brute force");
  }
});

test("AND by hand: R is the root of 3, the best margin 1 / root of 17, the bound 51", () => {
  const points = namedSet("and");
  close(radius(points), Math.sqrt(3), 1e-12);
  close(bestMargin(points).margin, 1 / Math.sqrt(17), 1e-12); // W = (2, 2), t = 3 gives 1 at three points
  assert.equal(mistakeBound(points), 51);
});

test("14 of the 16 Boolean functions of two inputs are separable, in both codings", () => {
  for (const low of [0, -1]) {
    const bad = [];
    for (let f = 0; f < 16; f++) {
      const points = [0, 1, 2, 3].map((k) => [k & 1 ? 1 : low, k & 2 ? 1 : low, (f >> k) & 1 ? 1 : -1]);
      const { separable, weights } = bestMargin(points), run = runRule(points);
      assert.equal(run.ended, separable ? "right" : "cycle");
      if (separable) assert.ok(points.every((p) => output(weights, p) === p[2]));
      else bad.push(f);
    }
    assert.deepEqual(bad, [6, 9]); // XOR and its opposite
  }
});

test("on 200 random separable sets the rule ends, is right, and keeps the bound", () => {
  let tightest = 0;
  for (let seed = 1; seed <= 200; seed++) {
    const points = randomSet(seed), run = runRule(points), bound = mistakeBound(points);
    assert.equal(run.ended, "right");
    assert.ok(points.every((p) => output(run.weights, p) === p[2] && !isMistake(run.weights, p)));
    assert.ok(run.mistakes <= bound, `seed ${seed}: ${run.mistakes} mistakes, bound ${bound}`);
    assert.equal(bound, Math.floor((radius(points) / bestMargin(points).margin) ** 2 + 1e-6));
    tightest = Math.max(tightest, run.mistakes / bound);
  }
  assert.ok(tightest > 0.1, "a bound that is never near its mistakes would hide a wrong margin");
});

test("the rule comes back to the same weights on XOR", () => {
  const points = namedSet("xor"), run = runRule(points);
  assert.equal(run.ended, "cycle");
  const again = startRun();
  const after = [again.weights];
  for (let i = 0; i < 3 * run.period + run.mistakes; i++) { find(again, points); correct(again, points); after.push(again.weights); }
  for (let i = run.mistakes; i < after.length; i++) assert.deepEqual(after[i], after[i - run.period]);
  assert.equal(mistakeBound(points), Infinity);
});

test("a cycle is announced only where no line exists, and then it is one", () => {
  const ends = { right: 0, cycle: 0, cap: 0 };
  for (let seed = 1; seed <= 60; seed++) {
    const points = spread(7, seed, (r) => (r() < 0.5 ? 1 : -1)), { separable } = bestMargin(points), run = runRule(points);
    ends[run.ended] += 1;
    assert.equal(run.ended === "right", separable);
    if (run.ended !== "cycle") continue;
    const again = startRun(run.weights);
    again.next = run.next;
    for (let i = 0; i < run.period; i++) { find(again, points); correct(again, points); }
    again.weights.forEach((w, i) => close(w, run.weights[i], 1e-9, "weight after one period"));
  }
  assert.ok(ends.right > 5 && ends.cycle > 20, JSON.stringify(ends));
});

test("odd sets: one class, one point, twice the same point, both labels at one place", () => {
  assert.equal(runRule([[0, 0, 1]]).mistakes, 1);
  close(bestMargin([[0, 0, 1]]).margin, 1, 1e-12);
  const row = [[0, 0, 1], [1, 0, 1], [2, 0, 1]];
  assert.ok(bestMargin(row).margin >= 1 - 1e-12);
  const pair = namedSet("and");
  close(bestMargin([...pair, ...pair]).margin, bestMargin(pair).margin, 1e-12);
  assert.equal(bestMargin([[0.5, 0.5, 1], [0.5, 0.5, -1]]).separable, false);
  assert.equal(bestMargin([[0, 0, 1], [1, 1, -1], [2, 2, 1]]).separable, false);
  assert.equal(runRule([[0, 0, 1], [1, 1, -1], [2, 2, 1]]).ended, "cycle");
});

test("forty points are measured fast enough to drag one of them", () => {
  const points = spread(40, 3, (r) => (r() < 0.5 ? 1 : -1)), start = performance.now();
  for (let i = 0; i < 10; i++) bestMargin(points);
  assert.ok((performance.now() - start) / 10 < 50, "more than 50 ms");
});

test("random sets repeat for a seed and differ between seeds", () => {
  assert.deepEqual(randomSet(5), randomSet(5));
  assert.notDeepEqual(randomSet(5), randomSet(6));
});

test("turning a line keeps its length and goes through the pivot and the pointer", () => {
  const weights = [2, -1, 1], pivot = [0.5, 0], from = [1.5, 2], to = [2, 0.25];
  const next = turned(weights, pivot, from, to);
  close(Math.hypot(next[0], next[1]), Math.hypot(2, -1), 1e-12);
  close(score(next, pivot), 0, 1e-12);
  close(score(next, to), 0, 1e-12);
});

test("a line is clipped to the window, and the shaded side is where the score is positive", () => {
  const view = [-1, 2, -1, 2];
  for (let seed = 1; seed <= 50; seed++) {
    const r = seeded(seed), weights = [2 * r() - 1, 2 * r() - 1, r() - 0.5], ends = clipLine(weights, view);
    for (const p of clipHalf(weights, view)) assert.ok(score(weights, p) > -1e-9);
    if (!ends) continue;
    for (const p of ends) {
      close(score(weights, p), 0, 1e-9);
      assert.ok(p.every((v) => v >= -1 - 1e-9 && v <= 2 + 1e-9));
    }
  }
  assert.equal(clipLine([0, 0, 1], view), null);
  assert.equal(clipLine([1, 0, 5], view), null);
  assert.deepEqual(clipLine([1, 0, 0], view).map((p) => p[0]), [0, 0]);
  assert.deepEqual(clipHalf([0, 0, 1], view), []);
  assert.equal(clipHalf([0, 0, -1], view).length, 4);
  close(distanceToSegment([1, 1], [0, 0], [2, 0]), 1, 1e-12);
  close(distanceToSegment([3, 0], [0, 0], [2, 0]), 1, 1e-12);
});

test("a set-up survives the way through a link, and junk does not", () => {
  const state = [[1.5, -2, 0.25], [0, 0.05, 1], [-1, 2, -1]];
  assert.deepEqual(unpackState(packState(state)), state);
  assert.ok(/^[-\d.,()]+$/.test(packState(state)));
  for (const junk of ["", "alert(1)", "(1", "(1,,2)", "((((", "<b>", "(1)(2)", '("a")', "({})", "(true)"]) assert.equal(unpackState(junk), null);
  assert.deepEqual(readSetup(state), { weights: state[0], points: state.slice(1) });
  for (const junk of [null, 3, [], [[1, 2, 3]], [[1, 2], [0, 0, 1]], [[1, 2, 3], [0, 0, 2]], [[1, 2, 3], [1e9, 0, 1]], [[1, 2, 3], ["0", 0, 1]]]) {
    assert.equal(readSetup(junk), null);
  }
  assert.equal(readSetup([[0, 0, 0], ...Array(41).fill([0, 0, 1])]), null);
});

test("the window holds all points, numbers on axes are round, numbers in words are short", () => {
  assert.deepEqual(viewOf(namedSet("and")), [-1.5, 2.5, -1.5, 2.5]);
  const [x0, x1, y0, y1] = viewOf([[10, 3, 1], [-4, 8, -1]]);
  assert.ok(x0 < -4 && x1 > 10 && y0 < 0 && y1 > 8);
  close(x1 - x0, y1 - y0, 1e-12);
  assert.deepEqual(ticks(-1.5, 2.5), [-1, 0, 1, 2]);
  assert.deepEqual(ticks(0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.equal(words(-0.40824), "\u22120.408");
  assert.equal(words(723, 6), "723");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { situation, tidy, TRIES, walks, WINDOW } from "../../course_utils/interactives/error_surface.js";
import { clipped, descend, errorAt, readSpot, squash, START, throughTime, unroll, wayFrom } from "../../course_utils/interactives/rnn_surface.js";
import { packState, unpackState } from "../../course_utils/interactives/runtime.js";
import { seeded } from "../../course_utils/interactives/seeded.js";
import reference from "./rnn_reference.mjs";

const close = (a, b, relative = 1e-9, what = "") => assert.ok(Math.abs(a - b) <= relative * Math.max(1e-12, Math.abs(b)), `${what} ${a} is not ${b}`);
const outside = ([w, b]) => w < WINDOW[0] || w > WINDOW[1] || b < WINDOW[2] || b > WINDOW[3];
const far = ([w, b], [v, a]) => Math.hypot(w - v, b - a);
/** The bias just above the cliff, where h(0) itself lies on the unstable fixed point; up to w = 4.26 there is none. */
const cliffAt = (w) => START - w * squash(START);
const start = (name, gone = 0) => ({ ...TRIES[name][0], gone, zoom: 0 });

test("error, gradient and the product of slopes agree with TensorFlow", () => {
  assert.ok(reference.length >= 12);
  for (const { w, b, steps, error, by_w, by_b, by_start } of reference) {
    const found = throughTime(w, b, steps), what = `(${w}, ${b}), ${steps}:`;
    close(found.error, error, 1e-7, what); close(errorAt(w, b, steps), error, 1e-7, what);
    close(found.slope[0], by_w, 1e-7, what); close(found.slope[1], by_b, 1e-7, what); close(found.factors[0], by_start, 1e-7, what);
  }
});

test("the gradient backwards through time agrees with central differences", () => {
  const r = seeded(3);
  let compared = 0;
  for (let k = 0; k < 300; k++) {
    const [w, b, steps] = [8 * r(), 6 * r() - 5, 5 + Math.floor(40 * r())], { slope, size } = throughTime(w, b, steps), d = 1e-6;
    if (size > 50) continue; // on the wall differences are of no use: it is narrower than their step
    const byW = (errorAt(w + d, b, steps) - errorAt(w - d, b, steps)) / (2 * d), byB = (errorAt(w, b + d, steps) - errorAt(w, b - d, steps)) / (2 * d);
    assert.ok(Math.hypot(byW - slope[0], byB - slope[1]) <= 1e-5 * (1 + size), `(${w}, ${b}), ${steps}: ${byW} is not ${slope[0]}, or ${byB} not ${slope[1]}`);
    compared++;
  }
  assert.ok(compared > 200);
});

test("the factors are the slopes of h(T) in h(t)", () => {
  const { course, factors } = throughTime(4.3, -2, 30), from = (t, h) => { for (; t < 30; t++) h = 4.3 / (1 + Math.exp(-h)) - 2; return h; };
  for (const t of [0, 7, 29, 30]) close(factors[t], (from(t, course[t] + 1e-5) - from(t, course[t] - 1e-5)) / 2e-5, 1e-6);
  assert.equal(unroll(4.3, -2, 30).length, 31);
});

test("clipping keeps the direction and never lengthens", () => {
  for (const [slope, most] of [[[3, -4], 1], [[300, 400], 2.5], [[0.03, 0.04], 1], [[0, 0], 1]]) {
    const [x, y] = clipped(slope, most), before = Math.hypot(...slope);
    close(Math.hypot(x, y), Math.min(most, before));
    close(x * slope[1], y * slope[0]);
  }
  assert.deepEqual(descend([1, 2], [3, 4], 0.1), [1 - 0.1 * 3, 2 - 0.1 * 4]);
  close(far([1, 2], descend([1, 2], [3, 4], 0.1, 1)), 0.1);
});

test("two sides of the cliff end far apart, and the wall gets narrower", () => {
  for (const w of [4.6, 5, 6, 7]) assert.ok(errorAt(w, cliffAt(w) - 0.01, 50) > 2 * errorAt(w, cliffAt(w) + 0.01, 50), String(w));
  const rise = (w, d) => unroll(w, cliffAt(w) + d, 50).at(-1) - unroll(w, cliffAt(w) - d, 50).at(-1);
  assert.ok(rise(4.4, 1e-4) < 0.2 && rise(5.2, 1e-4) > 3, `${rise(4.4, 1e-4)}, ${rise(5.2, 1e-4)}`);
});

test("at the foot of the cliff a plain step leaves the picture, clipped ones find the valley", () => {
  const now = start("At the foot of the cliff"), { plain, short } = walks(now);
  assert.ok(plain.size > 500 && outside(plain.next) && plain.then > 100 && short.stride <= 0.0101);
  assert.ok(situation(now, { plain, short }).includes("outside the picture"));
  const way = wayFrom(now.point, 20, { steps: 50, rate: 0.02, most: 0.5 });
  for (const p of way.slice(-3)) assert.ok(errorAt(...p, 50) < 0.03);
  assert.equal(tidy(plain.size, 3), "556"); // as the words without JavaScript say, too
  assert.deepEqual(plain.next.map((v) => tidy(v, 2)), ["9.8", "7.5"]); assert.deepEqual([tidy(plain.error, 2), tidy(plain.then)], ["2.3", "275"]);
});

test("thrown out of the valley: the plain walk, not the clipped one", () => {
  const now = start("Thrown out of the valley", 20), { plain, short } = walks(now), longest = (way) => Math.max(...way.slice(1).map((p, k) => far(p, way[k])));
  assert.ok(longest(plain.way) > 5 && longest(plain.way.slice(0, 8)) < 0.5 && plain.error > 10 && outside(plain.now));
  assert.ok(longest(short.way) <= 0.0101 && short.error < 0.06);
  assert.ok(situation(now, { plain, short }).includes("Step 8 threw it 6.7 away"));
});

test("on the plain w has no say and h(0) is forgotten; along the valley nothing is thrown", () => {
  const { plain } = walks(start("On the plain"));
  assert.ok(Math.abs(plain.slope[0]) < 0.02 * Math.abs(plain.slope[1]) && plain.size > 5 && Math.abs(plain.factors[0]) < 1e-30);
  const valley = walks(start("Along the valley", 20));
  for (const { way, error } of [valley.plain, valley.short]) {
    assert.ok(error < 1e-3, String(error));
    way.slice(1).forEach((p, k) => assert.ok(far(p, way[k]) < 0.5));
  }
});

test("with a short sequence the wall at this place is gone", () => {
  const now = start("A short sequence"), { plain } = walks(now), steepest = (steps) => { let most = 0; for (let b = -5; b <= 1; b += 0.001) most = Math.max(most, throughTime(now.point[0], b, steps).size); return most; };
  assert.ok(plain.size < 10 && !outside(plain.next));
  assert.ok(steepest(8) < 40 && steepest(50) > 500, `${steepest(8)}, ${steepest(50)}`);
});

test("every set-up begins inside the picture, and its numbers fit the sliders and a link", () => {
  for (const [name, [setting]] of Object.entries(TRIES)) {
    assert.ok(!outside(setting.point), name);
    const { point, rate, most, steps } = setting, state = [...point, rate, most, steps, 20, 1], back = readSpot(unpackState(packState(state)));
    assert.deepEqual([back.point, back.steps, back.gone, back.zoom], [point, steps, 20, 1]);
    close(back.rate, rate, 1e-3); assert.ok(Math.abs(back.most - most) < 1e-4);
  }
  for (const junk of [null, 3, [1, 2], [1, 2, -1, 0, 50, 0], [1, 2, -1, 0, 50, 0, 3], [1, 2, -1, 0, 4, 0, 0], [1, 21, -1, 0, 50, 0, 0], [1, 2, -4, 0, 50, 0, 0], [1, 2, -1, 0, 50.5, 0, 0], [1, 2, NaN, 0, 50, 0, 0]]) assert.equal(readSpot(junk), null);
});

test("numbers past every bound stop a walk and are told", () => {
  const now = { point: [4.8, -2.4879], rate: 0, most: 2, steps: 100, gone: 400, zoom: 0 }, both = walks(now);
  for (const one of [both.plain, both.short]) assert.ok(one.now.every(Number.isFinite) && one.way.length >= 2);
  assert.ok(!/NaN|Infinity|undefined/.test(situation(now, both)));
  const way = wayFrom([1e11, 1], 5, { steps: 5, rate: 1, most: Infinity });
  assert.ok(way.length < 6);
  assert.deepEqual([tidy(1.23456), tidy(-0.5), tidy(0), tidy(1234567), tidy(-3.2e-7), tidy(NaN)], ["1.23", "\u22120.5", "0", "1.2 \u00b7 10\u2076", "\u22123.2 \u00b7 10\u207b\u2077", "past every bound"]);
});

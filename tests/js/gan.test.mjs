import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BATCH, coverage, divided, forge, HALF, judged, LOSSES, NEAR, noise, note, PLACES, play, pushes, readSetting, realPoints, REMEDIES, SETS, slopesOf, startGame, verdictsOn,
} from "../../course_utils/interactives/gan_game.js";
import { adamStep } from "../../course_utils/interactives/gan_net.js";
import { situation, spreadOf, survey, TRIES } from "../../course_utils/interactives/gan_playground.js";
import { packState, unpackState } from "../../course_utils/interactives/runtime.js";
import { normal, seeded } from "../../course_utils/interactives/seeded.js";
import reference from "./gan_reference.mjs";

const close = (a, b, tolerance, what = "") => assert.ok(Math.abs(a - b) <= tolerance, `${what} ${a} is not within ${tolerance} of ${b}`);
const wave = (count, frequency, size = 1) => Float64Array.from({ length: count }, (_, k) => size * Math.sin(frequency * (k + 1)));
const pairs = LOSSES.flatMap((loss) => REMEDIES.map((remedy) => ({ loss, remedy })));
const settings = (more = {}) => ({ loss: "non-saturating", remedy: "none", forgerRate: 0.001, judgeRate: 0.004, rounds: 1, ...more });

/** Slope of f in every entry of an array, by central differences. */
function differences(array, f, h = 1e-5) {
  return Array.from(array, (w, k) => {
    array[k] = w + h;
    const above = f();
    array[k] = w - h;
    const below = f();
    array[k] = w;
    return (above - below) / (2 * h);
  });
}
const examples = (seed, count) => { const r = seeded(seed); return { real: realPoints("ring", count, r), z: noise(count, r), mix: Float64Array.from({ length: count }, r) }; };

test("slopes of both players agree with central differences for four losses and four remedies", () => {
  let worst = 0, compared = 0;
  for (const setting of pairs) for (let seed = 1; seed <= 3; seed++) {
    const game = startGame("ring", seed, 5), data = examples(seed, 7);
    for (const player of ["g", "d"]) {
      divided(game, 5000); // a settled power iteration: then the largest singular value has the slope that is used
      slopesOf(game, data, setting, 7);
      const slopes = Array.from(game[player].slopes);
      differences(game[player].weights, () => slopesOf(game, data, setting, 7)[player], 1e-6).forEach((d, k) => { worst = Math.max(worst, Math.abs(d - slopes[k]) / (1 + Math.abs(d))); compared += Math.abs(d) > 1e-3 ? 1 : 0; });
    }
  }
  assert.ok(worst <= 1e-7, `largest difference ${worst}`);
  assert.ok(worst > 0 && compared > 3000, `only ${compared} slopes were worth comparing`);
});

test("slopes, losses and three steps of Adam agree with TensorFlow", () => {
  assert.equal(reference.length, 16);
  const [width, count, rates] = [3, 5, [0.01, 0.02]];
  for (const { loss, remedy, losses, g_slopes, d_slopes, ...end } of reference) {
    const game = startGame("ring", 1, width), what = `${loss}, ${remedy}:`;
    game.g.weights.set(wave(game.g.weights.length, 1.3, 0.8));
    game.d.weights.set(wave(game.d.weights.length, 0.7, 0.8));
    game.us = game.us.map((u) => wave(u.length, 2.1));
    losses.forEach(([d, g], step) => {
      const data = { real: wave(2 * count, 0.9 + step, 1.5), z: wave(2 * count, 1.9 + step, 1.5), mix: wave(count, 2.7 + step).map(Math.abs) };
      const found = slopesOf(game, data, { loss, remedy }, count);
      close(found.d, d, 1e-6, what); close(found.g, g, 1e-6, what);
      if (!step) {
        g_slopes.forEach((v, k) => close(game.g.slopes[k], v, 1e-9, what));
        d_slopes.forEach((v, k) => close(game.d.slopes[k], v, 1e-9, what));
      }
      adamStep(game.d, game.adam.d, rates[1]);
      adamStep(game.g, game.adam.g, rates[0]);
    });
    end.g.forEach((v, k) => close(game.g.weights[k], v, 1e-6, what));
    end.d.forEach((v, k) => close(game.d.weights[k], v, 1e-6, what));
  }
});

test("pushes go down the forger's loss, point by point", () => {
  for (const setting of pairs) {
    const game = startGame("ring", 2), points = noise(6, seeded(3)), found = Array.from(pushes(game, points, setting));
    const lossAt = () => verdictsOn(game, points, setting).reduce((sum, f) => sum + { minimax: -Math.log1p(Math.exp(f)), "non-saturating": Math.log1p(Math.exp(-f)), "least squares": (f - 1) ** 2, Wasserstein: -f }[setting.loss], 0);
    differences(points, lossAt, 1e-6).forEach((d, k) => close(found[k], -d, 1e-6, setting.loss));
  }
});

test("the spectral norm divides by the largest singular value, whatever the judge", () => {
  for (let seed = 1; seed <= 3; seed++) {
    const game = startGame("two", seed, 6), norms = divided(game, 2000), { d, fixed } = game;
    norms.forEach(({ norm }, l) => {
      const n = d.sizes[l], m = d.sizes[l + 1], r = seeded(seed);
      let longest = 0;
      for (let k = 0; k < 2000; k++) { // no direction is stretched further
        const x = Array.from({ length: n }, () => normal(r)), size = Math.hypot(...x);
        const y = Array.from({ length: m }, (_, j) => x.reduce((sum, v, i) => sum + (v / size) * d.weights[d.at[l] + i * m + j], 0));
        longest = Math.max(longest, Math.hypot(...y));
      }
      assert.ok(longest <= norm * (1 + 1e-9) && longest >= 0.5 * norm, `${longest} against ${norm}`);
      close(fixed[d.at[l]] * norm, d.weights[d.at[l]], 1e-12);
    });
  }
});

test("the same seed repeats a game bit by bit, another seed does not", () => {
  const run = (seed) => { const game = startGame("moon", seed); for (let k = 0; k < 20; k++) play(game, settings({ remedy: "gradient penalty", rounds: 2 })); return Array.from(game.g.weights); };
  assert.deepEqual(run(7), run(7));
  assert.notDeepEqual(run(7), run(8));
});

test("rounds give the judge more moves, and the forger one", () => {
  const game = startGame("ring", 1);
  for (let k = 0; k < 3; k++) play(game, settings({ rounds: 5 }));
  assert.equal(game.step, 3);
  assert.deepEqual([game.adam.d.steps, game.adam.g.steps], [15, 3]);
});

test("real points cover their places, and as many lie near as theory says", () => {
  for (const set of SETS) for (let seed = 1; seed <= 3; seed++) {
    const { covered, places, share } = coverage(set, realPoints(set, 4000, seeded(seed)));
    assert.equal(covered, places);
    assert.equal(places, PLACES[set].length);
    const theory = 1 - Math.exp(-4.5); // within 3 spreads in two dimensions
    if (set === "ring" || set === "two") close(share, theory, 0.006, set); else assert.ok(share > theory, set);
  }
  for (const place of Object.values(PLACES).flat(2)) assert.ok(Math.abs(place[0]) < HALF - 0.5 && Math.abs(place[1]) < HALF - 0.5);
});

test("coverage by hand", () => {
  const at = (...points) => Float64Array.from(points.flat());
  const [[a], [b]] = PLACES.two;
  assert.deepEqual(coverage("two", at(a, a, a, b)), { covered: 2, places: 2, share: 1, counts: [3, 1] });
  assert.deepEqual(coverage("two", at(a, a, [0, 0], [9, 9])), { covered: 1, places: 2, share: 0.5, counts: [2, 0] });
  assert.equal(coverage("two", at([a[0] + NEAR - 1e-9, a[1]])).share, 1);
  assert.equal(coverage("two", at([a[0] + NEAR + 1e-9, a[1]])).share, 0);
  const rare = Float64Array.from({ length: 200 }, (_, k) => a[k % 2]);
  rare.set(b, 0);
  assert.equal(coverage("two", rare).covered, 1, "one point in a hundred is not enough");
});

test("a judge of half is right about half, and Wasserstein counts pairs in order", () => {
  const game = startGame("two", 1), real = realPoints("two", 400, seeded(1));
  game.d.weights.fill(0);
  close(judged(game, real, real, settings({ loss: "Wasserstein" })), 0, 1e-12); // all equal: none in order
  const fresh = startGame("two", 3), other = realPoints("two", 400, seeded(2));
  close(judged(fresh, real, other, settings({ loss: "Wasserstein" })), 0.5, 0.06);
  close(judged(fresh, real, real, settings()), 0.5, 1e-12);
});

test("spread of a cloud", () => {
  close(spreadOf(Float64Array.of(-1, 0, 1, 0)), 1, 1e-12);
  close(spreadOf(noise(20000, seeded(1))), Math.SQRT2, 0.02);
});

// ---- what the buttons promise

const after = (game, setting, steps) => { while (game.step < steps) play(game, setting); return survey(game, setting); };

test("It collapses: from step 250 on at most one island is covered, from several starts at most two", () => {
  const [setting] = TRIES["It collapses"];
  assert.equal(setting.forgerRate / setting.judgeRate, 40);
  for (const seed of [1, 2]) {
    const game = startGame(setting.set, seed);
    for (const steps of [250, 500, 750, 1000]) assert.ok(after(game, setting, steps).covered <= (seed === 1 ? 1 : 2), `seed ${seed}, step ${steps}`);
    if (seed > 1) continue;
    const swapped = after(game, { ...setting, forgerRate: 0.001, judgeRate: 0.004 }, 2000); // the question asks to swap the rates
    assert.ok(swapped.covered >= 7, `${swapped.covered}`);
  }
});

test("It covers all eight: it does from step 1,000 on", () => {
  const [setting] = TRIES["It covers all eight"];
  for (const seed of [1, 2]) {
    const game = startGame(setting.set, seed);
    assert.ok(after(game, setting, 100).covered < 8);
    for (const steps of [1000, 1500]) {
      const seen = after(game, setting, steps);
      assert.ok(seen.covered === 8 && seen.share > 0.5, `seed ${seed}: ${seen.covered}, ${seen.share}`);
      assert.ok(/All are served/.test(situation(game, setting, seen)));
    }
  }
});

test("Judge too strong: the push is below 0.001, and a thousand times as strong with the non-saturating loss", () => {
  const [setting] = TRIES["Judge too strong"], game = startGame(setting.set, 1);
  let before;
  for (const steps of [100, 300]) {
    before = after(game, setting, steps);
    assert.ok(before.push < 0.001 && before.right > 0.9 && before.share < 0.2, `${steps}: ${JSON.stringify(before)}`);
    assert.ok(/next to nothing .*the judge is sure/.test(situation(game, setting, before)));
  }
  const other = { ...setting, loss: "non-saturating" };
  assert.ok(survey(game, other).push > 1000 * before.push && survey(game, other).push > 1);
  assert.ok(after(game, other, 900).share > before.share + 0.25);
});

test("Judge too steep: at most half of the islands, and the gradient penalty repairs the same game", () => {
  const [setting] = TRIES["Judge too steep"], game = startGame(setting.set, 1);
  for (const steps of [500, 1000]) { const seen = after(game, setting, steps); assert.ok(seen.covered <= 4 && seen.push > 3, `${seen.covered}, ${seen.push}`); }
  const repaired = after(game, { ...setting, remedy: "gradient penalty" }, 2000);
  assert.ok(repaired.covered >= 7 && repaired.push < 3 && repaired.share > 0.4, `${repaired.covered}, ${repaired.push}, ${repaired.share}`);
});

test("numbers that grow past every bound are noticed", () => {
  const game = startGame("ring", 1), setting = settings();
  game.g.weights.fill(1e200);
  play(game, setting);
  const seen = survey(game, setting);
  assert.equal(seen.sound, false);
  assert.ok(/past every bound/.test(situation(game, setting, seen)));
});

test("the memory of losses stays short, in order, and spread over the whole game", () => {
  const history = { rows: [], stride: 1 };
  for (let step = 1; step <= 50000; step++) note(history, [step, 1 / step, 2]);
  const { rows } = history;
  assert.ok(rows.length < 240 && rows.length > 100 && rows[0][0] === 1 && rows.at(-1)[0] > 49000);
  assert.ok(rows.every(([step, d], i) => d === 1 / step && (!i || step > rows[i - 1][0])));
});

test("a set-up survives the way through a link, and junk does not", () => {
  const state = [1, 0, 2, 0.0001, 0.1, 5, 2 ** 31 - 1, 12, 1];
  assert.deepEqual(unpackState(packState(state)), state);
  assert.deepEqual(readSetting(state), { set: "two", loss: "minimax", remedy: "R1", forgerRate: 0.0001, judgeRate: 0.1, rounds: 5, seed: 2 ** 31 - 1, start: 12, arrows: true });
  const bad = (k, v) => state.map((old, i) => (i === k ? v : old));
  for (const junk of [null, 3, [], state.slice(1), bad(0, 4), bad(1, -1), bad(2, 0.5), bad(3, 0), bad(4, 1), bad(5, 11), bad(6, -1), bad(7, 1.5), bad(8, 2), bad(3, NaN), bad(3, [1])]) assert.equal(readSetting(junk), null);
});

test("a step is fast enough for several in a frame", () => {
  const game = startGame("ring", 1), setting = settings({ remedy: "gradient penalty" });
  let best = Infinity;
  for (let i = 0; i < 60; i++) {
    const start = performance.now();
    play(game, setting);
    best = Math.min(best, performance.now() - start);
  }
  assert.ok(best < 4, `${best} ms for one step on ${BATCH} points`);
  assert.equal(forge(game, noise(3, seeded(1))).length, 6);
});

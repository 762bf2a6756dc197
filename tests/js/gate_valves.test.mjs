import assert from "node:assert/strict";
import { test } from "node:test";
import { situation } from "../../course_utils/interactives/gate_valves.js";
import { cell, plainUnit, readValves, SETUPS, timeConstant } from "../../course_utils/interactives/lstm_valves.js";
import { packState, unpackState } from "../../course_utils/interactives/runtime.js";
import { seeded } from "../../course_utils/interactives/seeded.js";
import reference from "./lstm_reference.mjs";

const close = (a, b, tolerance = 1e-9, what = "") => assert.ok(Math.abs(a - b) <= tolerance, `${what} ${a} is not ${b}`);
const closeAll = (a, b, tolerance, what) => { assert.equal(a.length, b.length); a.forEach((v, k) => close(v, b[k], tolerance, what + k)); };
const BARS = [0.8, -0.35, 0.5, -0.6, 0.25, 0.9, -0.45, 0.1, -0.75, 0.4, 0.65, -0.2];
const setup = (name, x = BARS, more = {}) => ({ x, u: 1, which: 0, ...SETUPS[name](x.length), ...more });
const random = (seed, n) => { const r = seeded(seed), row = (low) => Array.from({ length: n }, () => low + (1 - low) * r()); return { x: row(-1), i: row(0), f: row(0), o: row(0), u: 2 * r() }; };

test("slopes agree with central differences", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const now = random(seed, 4 + (seed % 13)), found = cell(now), plain = plainUnit(now.x, now.u), d = 1e-6;
    now.x.forEach((_, t) => {
      const at = (v) => ({ ...now, x: now.x.map((old, k) => (k === t ? old + v : old)) });
      close(found.byInput[t], (cell(at(d)).y.at(-1) - cell(at(-d)).y.at(-1)) / (2 * d), 1e-8, "output by bar");
      close(plain.byInput[t], (plainUnit(at(d).x, now.u).y.at(-1) - plainUnit(at(-d).x, now.u).y.at(-1)) / (2 * d), 1e-8, "plain by bar");
      // from the memory after step t on, the rest of the sequence again
      const from = (c) => { for (let s = t + 1; s < now.x.length; s++) c = now.f[s] * c + now.i[s] * now.x[s]; return c; };
      close(found.byMemory[t], (from(found.c[t] + d) - from(found.c[t] - d)) / (2 * d), 1e-8, "memory by memory");
      const on = (r) => { for (let s = t + 1; s < now.x.length; s++) r = Math.tanh(now.u * r + now.x[s]); return r; };
      close(plain.byMemory[t], (on(plain.y[t] + d) - on(plain.y[t] - d)) / (2 * d), 1e-8, "state by state");
    });
  }
});

test("memory, outputs and slopes agree with TensorFlow", () => {
  assert.ok(reference.length >= 5);
  for (const { x, i, f, o, u, c, y, by_memory, by_input, r, plain_by_memory, plain_by_input } of reference) {
    const found = cell({ x, i, f, o }), plain = plainUnit(x, u);
    closeAll(found.c, c, 1e-10, "c"); closeAll(found.y, y, 1e-10, "y"); closeAll(found.byMemory, by_memory, 1e-10, "dc"); closeAll(found.byInput, by_input, 1e-10, "dy");
    closeAll(plain.y, r, 1e-10, "r"); closeAll(plain.byMemory, plain_by_memory, 1e-10, "dr"); closeAll(plain.byInput, plain_by_input, 1e-10, "dr/dx");
  }
});

test("remember the first bar: no other bar matters, and nothing fades", () => {
  for (const x of [BARS, random(3, 16).x, [1, 0, 0, 0]]) {
    const now = setup("Remember the first bar", x), { c, y, byMemory, byInput } = cell(now);
    close(c.at(-1), x[0]); close(y.at(-1), Math.tanh(x[0])); assert.ok(y.slice(0, -1).every((v) => v === 0));
    assert.ok(byMemory.every((v) => v === 1) && byInput[0] > 0.4 && byInput.slice(1).every((v) => v === 0));
    assert.ok(situation(now).includes("hangs on bar 1 alone. Of the first memory 100 % is left"));
  }
});

test("forget in the middle: no gradient reaches behind the closed valve", () => {
  const now = setup("Forget in the middle"), { byMemory, byInput } = cell(now), shut = now.f.indexOf(0);
  assert.equal(shut, 6);
  byMemory.forEach((v, t) => assert.equal(v, t < shut ? 0 : 1));
  assert.ok(byInput.slice(0, shut).every((v) => v === 0) && byInput.slice(shut).every((v) => v > 0.1));
  assert.ok(situation(now).includes("bars 7 to 12") && situation(now).includes("a reset valve is closed"));
});

test("a constant reset valve is an exponential average with time constant 1 / (1 - f)", () => {
  const now = setup("Exponential average", new Array(16).fill(1)), { c, byMemory } = cell(now);
  close(timeConstant(now.f), 5);
  c.forEach((v, t) => close(v, 1 - 0.8 ** (t + 1), 1e-12)); // of a constant bar it nears the bar
  close(byMemory[0], 0.8 ** 15, 1e-12);
  for (const f of [0.5, 0.9, 0.99]) close(f ** (1 / (1 - f)), Math.exp(-1), 0.13); // 1 / e is left after so many steps, about
  assert.equal(timeConstant([0.3, 1, 1]), Infinity); // the first valve has nothing to forget
  assert.ok(Number.isNaN(timeConstant([1, 0.5, 0.6])));
});

test("all half open: what is left halves at each step", () => {
  const { byMemory } = cell(setup("All half open"));
  byMemory.forEach((v, t) => close(v, 0.5 ** (11 - t), 1e-15));
  assert.equal((100 * byMemory[0]).toPrecision(1), "0.05"); // as the words without JavaScript say, too
});

test("the plain RNN fades while the cell keeps, with every weight", () => {
  const now = setup("Plain RNN beside it");
  assert.ok(now.rnn && cell(now).byMemory[0] === 1);
  assert.ok(situation(now).includes("The plain RNN keeps 4.3 %"));
  for (let u = 0; u <= 2; u += 0.05) assert.ok(Math.abs(plainUnit(now.x, u).byMemory[0]) < 0.2, String(u));
});

test("what is said of closed valves is true", () => {
  const shut = setup("All half open", BARS, { o: BARS.map(() => 0) });
  assert.ok(situation(shut).startsWith("The last output valve is closed"));
  const dry = setup("All half open", BARS, { i: BARS.map(() => 0), o: BARS.map(() => 1) });
  assert.ok(situation(dry).startsWith("No bar has a say"));
  const two = setup("Remember the first bar", BARS, { i: BARS.map((_, t) => (t === 0 || t === 4 ? 1 : 0)) });
  assert.ok(situation(two).includes("2 of the bars"), situation(two));
});

test("a set-up survives the way through a link, and junk does not", () => {
  const now = setup("Exponential average"), state = [[1.25, 1, 0], now.x, now.i, now.f, now.o], back = readValves(unpackState(packState(state)));
  assert.deepEqual([back.u, back.rnn, back.which, back.x, back.i, back.f, back.o], [1.25, true, 0, now.x, now.i, now.f, now.o]);
  const bad = (change) => { const copy = structuredClone(state); change(copy); return copy; };
  for (const junk of [null, 3, [[1]], bad((s) => s.pop()), bad((s) => s[1].pop()), bad((s) => { s[1][0] = 2; }), bad((s) => { s[3][0] = -0.1; }), bad((s) => { s[0][0] = 3; }), bad((s) => { s[0][1] = 2; }), bad((s) => { s[4][2] = NaN; }), [[1, 0, 0], [1], [1], [1], [1]]]) assert.equal(readValves(junk), null);
});

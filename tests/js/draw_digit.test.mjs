import assert from "node:assert/strict";
import { test } from "node:test";
import { blocks, fitted, inked, PEN, pictureOf, SIDE, thin } from "../../course_utils/interactives/digit_ink.js";
import { chanceText, packStrokes, tiling, unpackStrokes } from "../../course_utils/interactives/draw_digit.js";
import { packState, unpackState } from "../../course_utils/interactives/runtime.js";

const SEVEN = [[[0.3, 0.2], [0.7, 0.2], [0.45, 0.8]], [[0.4, 0.5], [0.6, 0.5]]];
const placed = (strokes, size, x, y) => strokes.map((s) => s.map(([u, v]) => [x + size * u, y + size * v]));

test("4 x 4 blocks are counted in sixteenths", () => {
  const bitmap = new Array(SIDE * SIDE).fill(0);
  bitmap[0] = bitmap[SIDE + 3] = bitmap[4 * SIDE + 4] = 1;
  const out = blocks(bitmap);
  assert.deepEqual([out.length, out[0], out[9], out.reduce((a, b) => a + b)], [64, 2 / 16, 1 / 16, 3 / 16]);
  assert.ok(blocks(bitmap.map(() => 1)).every((v) => v === 1));
});

test("a drawing fills the height, is centred, and keeps its proportions", () => {
  for (const size of [0.1, 0.4, 1]) {
    const all = fitted(placed(SEVEN, size, 0.01, 0)).flat(), ys = all.map((p) => p[1]), xs = all.map((p) => p[0]);
    assert.ok(Math.abs(Math.min(...ys) - PEN) < 1e-9 && Math.abs(Math.max(...ys) - (SIDE - PEN)) < 1e-9);
    assert.ok(Math.abs(Math.min(...xs) + Math.max(...xs) - SIDE) < 1e-9);
    assert.ok(Math.abs((Math.max(...xs) - Math.min(...xs)) / (SIDE - 2 * PEN) - 0.4 / 0.6) < 1e-9);
  }
});

test("size and place of a drawing change nothing; its shape does", () => {
  const here = pictureOf(SEVEN);
  for (const [size, x, y] of [[0.5, 0.4, 0.4], [0.25, 0, 0.7], [0.9, 0.1, 0]]) {
    pictureOf(placed(SEVEN, size, x, y)).forEach((v, i) => assert.ok(Math.abs(v - here[i]) <= 1 / 16 + 1e-12));
  }
  assert.notDeepEqual(pictureOf([SEVEN[0]]), here);
});

test("a dot, a dash and an upright are drawn without a fault", () => {
  for (const strokes of [[[[0.2, 0.9]]], [[[0.1, 0.5], [0.9, 0.5]]], [[[0.5, 0.1], [0.5, 0.9]]]]) {
    const seen = pictureOf(strokes);
    assert.ok(seen.every((v) => v >= 0 && v <= 1) && seen.some((v) => v > 0.2));
  }
  const dash = pictureOf([[[0.1, 0.5], [0.9, 0.5]]]);
  assert.ok(dash.slice(0, 16).every((v) => v === 0), "a dash stays flat");
  assert.ok(pictureOf([]).every((v) => v === 0));
});

test("strokes on an example add ink where they are, up to full", () => {
  const example = new Array(64).fill(0).map((_, i) => (i < 8 ? 0.5 : 0));
  assert.deepEqual(pictureOf([], example), example);
  const seen = pictureOf([[[0.5, 0.05], [0.5, 0.95]]], example);
  seen.forEach((v, i) => assert.ok(v >= example[i] && v <= 1));
  assert.equal(seen[0], 0.5);
  assert.ok(seen[3] === 1 && seen[59] > 0.4);
});

test("the pen is as wide as it says", () => {
  const columns = inked([[[16, 4], [16, 28]]]).slice(16 * SIDE, 17 * SIDE).reduce((a, b) => a + b);
  assert.ok(Math.abs(columns - 2 * PEN) <= 1, `${columns}`);
});

test("thinning keeps both ends and no two points that are close", () => {
  const line = Array.from({ length: 101 }, (_, i) => [i / 100, 0]), few = thin(line, 0.1);
  assert.deepEqual([few[0], few.at(-1)], [[0, 0], [1, 0]]);
  assert.ok(few.length <= 12);
  assert.deepEqual(thin([[1, 2]], 5), [[1, 2]]);
});

test("a link carries a drawing there and back, however long it is", () => {
  const long = Array.from({ length: 12 }, (_, k) => Array.from({ length: 300 }, (_, i) => [(1 + Math.sin(i / 9 + k)) / 2, (1 + Math.cos(i / 7)) / 2]));
  for (const strokes of [SEVEN, [[[0.5, 0.5]]], long]) {
    const text = packState([[-1], ...packStrokes(strokes)]);
    assert.ok(text.length < 4000, `${text.length}`);
    const back = unpackStrokes(unpackState(text).slice(1));
    assert.equal(back.length, strokes.length);
    if (strokes !== long) back.flat().forEach((p, i) => assert.ok(Math.hypot(p[0] - strokes.flat()[i][0], p[1] - strokes.flat()[i][1]) < 0.008));
  }
  for (const bad of [[[1, 2, 3]], [[101, 2]], [[-1, 2]], [[0.5, 1]], [[]], [3], "x"]) assert.equal(unpackStrokes(bad), null);
});

test("no probability is called certain", () => {
  assert.deepEqual([1, 0.9996, 0.995, 0.5, 0.0123, 0.0001, 0].map(chanceText), ["> 99.9 %", "> 99.9 %", "99.5 %", "50 %", "1.2 %", "< 0.1 %", "< 0.1 %"]);
});

test("the maps fit the width", () => {
  for (const [count, columns, width] of [[8, 8, 560], [16, 8, 220], [64, 4, 200], [1, 8, 90], [3, 28, 40]]) {
    const { per, rows, tile } = tiling(count, columns, width);
    assert.ok(per * rows >= count && per * tile <= width && tile > 0, `${count} ${columns} ${width}`);
  }
});

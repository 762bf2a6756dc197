import assert from "node:assert/strict";
import { test } from "node:test";
import { convolve, poolMax, PRESETS, shifted, windowAt, windows } from "../../course_utils/interactives/sliding_window.js";

const close = (a, b) => a.flat().forEach((v, i) => assert.ok(Math.abs(v - b.flat()[i]) < 1e-12, `${v} is not ${b.flat()[i]}`));
const image = Array.from({ length: 8 }, (_, r) => Array.from({ length: 7 }, (_, c) => Math.sin(3 * r + 5 * c)));
const how = (more = {}) => ({ stride: 1, padding: "none", relu: false, ...more });

test("as many windows as fit, and with a rim as many as pixels", () => {
  assert.deepEqual([[8, 1], [8, 2], [9, 2], [3, 1], [3, 2]].map(([n, s]) => windows(n, s, "none")[0]), [6, 3, 4, 1, 1]);
  assert.deepEqual([[8, 1], [8, 2], [9, 2], [4, 2]].map(([n, s]) => windows(n, s, "same")), [[8, 1], [4, 0], [5, 1], [2, 0]]);
});

test("identity gives the picture back, blur the mean, edges nothing on an even patch", () => {
  close(convolve(image, PRESETS.identity, how({ padding: "same" })), image);
  close(convolve(image, PRESETS.identity, how()), image.slice(1, -1).map((row) => row.slice(1, -1)));
  const even = image.map((row) => row.map(() => 0.7));
  close(convolve(even, PRESETS.blur, how()), convolve(even, PRESETS.identity, how()));
  for (const name of ["edges", "vertical", "horizontal", "diagonal"]) close(convolve(even, PRESETS[name], how()), convolve(even, PRESETS.identity.map(() => 0), how()));
  close(convolve(even, PRESETS.sharpen, how()), convolve(even, PRESETS.identity, how()));
});

test("vertical answers 4 where ink of 1 begins, and the turned picture wants the turned kernel", () => {
  const step = Array.from({ length: 5 }, () => [0, 0, 0, 1, 1, 1]), turned = (m) => m[0].map((_, c) => m.map((row) => row[c]));
  assert.deepEqual(convolve(step, PRESETS.vertical, how())[0], [0, 4, 4, 0]);
  close(turned(convolve(image, PRESETS.vertical, how())), convolve(turned(image), PRESETS.horizontal, how()));
});

test("the window says what lies under it, null beyond the edge", () => {
  assert.deepEqual(windowAt(image, [0, 0], how({ padding: "same" })).map((v) => v === null), [true, true, true, true, false, false, true, false, false]);
  assert.deepEqual(windowAt(image, [1, 2], how({ stride: 2 })), [2, 3, 4].flatMap((r) => image[r].slice(4, 7)));
});

test("stride 2 takes every second window; relu cuts at 0; pooling keeps the largest", () => {
  const whole = convolve(image, PRESETS.sharpen, how());
  close(convolve(image, PRESETS.sharpen, how({ stride: 2 })), whole.filter((_, r) => r % 2 === 0).map((row) => row.filter((_, c) => c % 2 === 0)));
  close(convolve(image, PRESETS.sharpen, how({ relu: true })), whole.map((row) => row.map((v) => Math.max(0, v))));
  assert.deepEqual(poolMax([[1, 2, 9], [3, -4, 9], [null, 0, 9], [0, 0, 9]]), [[3], [null]]);
  assert.deepEqual(poolMax([[1]]), []);
});

test("the output moves with the picture", () => {
  const wide = image.map((row) => [0, 0, ...row, 0, 0]);
  const a = convolve(wide, PRESETS.diagonal, how()), b = convolve(shifted(wide, 1), PRESETS.diagonal, how());
  close(b.map((row) => row.slice(1)), a.map((row) => row.slice(0, -1)));
  assert.deepEqual(shifted([[1, 2, 3]], 2), [[0, 0, 1]]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { classify, decode, forwardAll, half, loadNetwork, softmax } from "../../course_utils/interactives/nn.js";

const close = (a, b, tolerance = 1e-12) => assert.ok(Math.abs(a - b) <= tolerance, `${a} is not within ${tolerance} of ${b}`);
const base64 = (bytes) => btoa(String.fromCharCode(...bytes)); // in Node and in a browser
const pack = (values) => base64(new Uint8Array(new Float32Array(values).buffer));

test("16-bit floats are read as the standard says", () => {
  for (const [bits, value] of [[0, 0], [0x3c00, 1], [0xc000, -2], [0x3555, 0.333251953125], [0x7bff, 65504], [1, 2 ** -24], [0x0400, 2 ** -14], [0x7c00, Infinity], [0xfc00, -Infinity]]) assert.equal(half(bits), value);
  assert.ok(Number.isNaN(half(0x7e00)));
  assert.deepEqual([...decode(base64([0, 0x3c, 0, 0xc0]), "float16")], [1, -2]);
  assert.deepEqual([...decode(pack([1.5, -0.25]), "float32")], [1.5, -0.25]);
});

test("softmax adds up to one, doesn't overflow, and ignores a constant", () => {
  for (const logits of [[0, 0], [1000, 999, -1000], [-800, -801], [3, 1, 2]]) {
    const p = softmax(logits), moved = softmax(logits.map((z) => z + 7));
    close(p.reduce((a, b) => a + b, 0), 1);
    p.forEach((v, i) => close(v, moved[i]));
  }
  close(softmax([0, Math.log(3)])[1], 0.75);
});

test("layers by hand: convolution with and without a rim, pooling, dense", () => {
  const identity = pack([0, 0, 0, 0, 1, 0, 0, 0, 0]), image = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const layer = (more) => ({ type: "conv", filters: 1, size: [3, 3], kernel: identity, bias: pack([0.5]), ...more });
  const run = (layers, input = [3, 3, 1]) => forwardAll(loadNetwork({ input, precision: "float32", layers }), image).at(-1);
  assert.deepEqual([...run([layer({ padding: "same" })]).data], image.map((v) => v + 0.5));
  assert.deepEqual([...run([layer({ padding: "valid" })]).data], [5.5]);
  assert.deepEqual(run([layer({ padding: "same" }), { type: "pool" }]), { type: "pool", shape: [1, 1, 1], data: Float64Array.of(5.5) });
  const ones = { type: "dense", units: 2, kernel: pack(image.flatMap(() => [1, -1])), bias: pack([0, 1]) };
  assert.deepEqual([...run([{ type: "shape", shape: [9] }, ones]).data], [45, -44]);
  assert.deepEqual([...run([{ type: "shape", shape: [9] }, { ...ones, activation: "relu" }]).data], [45, 0]);
});

test("a shift of the picture shifts every map of a convolution", () => {
  const kernel = Array.from({ length: 18 }, (_, i) => Math.sin(i + 1)), net = loadNetwork({ input: [8, 8, 1], precision: "float32", layers: [{ type: "conv", filters: 2, size: [3, 3], padding: "same", activation: "tanh", kernel: pack(kernel), bias: pack([0.1, -0.2]) }] });
  const image = Array.from({ length: 64 }, (_, i) => (i % 8 > 1 && i % 8 < 6 ? Math.abs(Math.cos(i)) : 0)), moved = image.map((_, i) => (i % 8 ? image[i - 1] : 0));
  const [a, b] = [image, moved].map((x) => forwardAll(net, x)[0].data);
  for (let r = 0; r < 8; r++) for (let c = 1; c < 7; c++) for (let k = 0; k < 2; k++) close(b[(r * 8 + c) * 2 + k], a[(r * 8 + c - 1) * 2 + k]);
  assert.ok(a.some((v) => Math.abs(v) > 0.3));
});

test("the same input gives the same answer, and the input is left alone", () => {
  const net = loadNetwork({ input: [2], precision: "float32", layers: [{ type: "dense", units: 2, kernel: pack([1, 2, 3, 4]), bias: pack([0, 0]) }] }), x = [1, -1];
  assert.deepEqual(classify(net, x), classify(net, x));
  assert.deepEqual(x, [1, -1]);
  assert.deepEqual(classify(net, x).logits, [-2, -2]);
});

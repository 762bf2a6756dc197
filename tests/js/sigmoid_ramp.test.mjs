import assert from "node:assert/strict";
import { test } from "node:test";
import { logLoss, percent, placeOf, sigmoid, steepnessAt } from "../../course_utils/interactives/sigmoid_ramp.js";
import reference from "./reference.mjs";

const close = (a, b, tolerance, what = "") => assert.ok(Math.abs(a - b) <= tolerance, `${what} ${a} is not within ${tolerance} of ${b}`);

test("sigmoid and log-loss equal the reference, at the extremes too", () => {
  for (const [z, p, plus, minus] of reference.sigmoid) {
    close(sigmoid(z), p, 1e-15 + 1e-13 * p, `sigmoid(${z})`);
    close(logLoss(z, 1), plus, 1e-13 * (1 + plus), `loss at ${z} for +1`);
    close(logLoss(z, -1), minus, 1e-13 * (1 + minus), `loss at ${z} for -1`);
  }
});

test("known numbers", () => {
  assert.equal(sigmoid(0), 0.5);
  close(sigmoid(Math.log(9)), 0.9, 1e-15);
  close(logLoss(0, 1), Math.LN2, 1e-15);
  close(logLoss(3, 1), -Math.log(sigmoid(3)), 1e-14);
  close(logLoss(3, -1), -Math.log(1 - sigmoid(3)), 1e-13);
});

test("the slider multiplies: its ends are 0.25 and 20, its middle their geometric mean", () => {
  close(steepnessAt(0), 0.25, 1e-12);
  close(steepnessAt(1), 20, 1e-12);
  close(steepnessAt(0.5), Math.sqrt(5), 1e-12);
  close(steepnessAt(placeOf(3.7)), 3.7, 1e-12);
});

test("a probability never claims certainty", () => {
  assert.equal(percent(0.731), "73 %");
  assert.equal(percent(0.9991), "more than 99.9 %");
  assert.equal(percent(1e-9), "less than 0.1 %");
  assert.equal(percent(0.995), "99.5 %");
});

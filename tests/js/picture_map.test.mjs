import assert from "node:assert/strict";
import { test } from "node:test";
import { alongGroup, anyTwo, apartFrom, describe, digitsFor, dotAhead, dotAt, inWords, labelPlaces, least, makeMap, middleOne, most, nearestTo, readChoice, sentence, tone } from "../../course_utils/interactives/picture_neighbours.js";
import { packState, unpackState } from "../../course_utils/interactives/runtime.js";

const close = (a, b, tolerance = 1e-12) => assert.ok(Math.abs(a - b) <= tolerance, `${a} is not within ${tolerance} of ${b}`);
// A row of six dots, 0 to 5, and one above the third; two games in turn.
const spots = [[0, 0], [10, 0], [20, 0], [30, 0], [40, 0], [50, 0], [20, 15]];
const groups = [0, 1, 0, 1, 0, 1, 1];
const value = [0, 1, 2, 3, 4, 5, null];
const row = { places: spots.flat(), colours: [["value", value], ["height", spots.map(([, y]) => y)]], words: ["moment", "game"] };

test("the nearest come first, and from other groups only", () => {
  assert.deepEqual(nearestTo({ spots, groups: null }, 0), [1, 2, 6]);
  assert.deepEqual(nearestTo({ spots, groups: null }, 2), [1, 3, 6]); // of two as near the first
  assert.deepEqual(nearestTo({ spots, groups }, 0), [1, 6, 3]);
  assert.deepEqual(makeMap({ ...row, neighbours: spots.map(() => [4, 5, 6]) }).near[0], [4, 5, 6]);
});

test("an arrow key leads ahead rather than aside, and stays at the rim", () => {
  const map = { spots }, go = (i, way) => dotAhead(map, i, way);
  assert.equal(go(2, [1, 0]), 3);
  assert.equal(go(2, [-1, 0]), 1);
  assert.equal(go(2, [0, 1]), 6);
  assert.equal(go(0, [0, 1]), 6); // none in its quarter: any that is ahead
  assert.equal(go(5, [1, 0]), 5);
  assert.equal(go(6, [0, -1]), 2);
  assert.equal(go(6, [0, 1]), 6);
});

test("of a cloud, every dot is reached with arrow keys", () => {
  const many = Array.from({ length: 200 }, (_, i) => [500 * Math.sin(12.9898 * i) ** 3, 500 * Math.cos(78.233 * i * i)]), reached = new Set([0]), left = [0];
  while (left.length) { const i = left.pop(); for (const way of [[1, 0], [-1, 0], [0, 1], [0, -1]]) { const k = dotAhead({ spots: many }, i, way); if (!reached.has(k)) { reached.add(k); left.push(k); } } }
  assert.ok(reached.size >= 195, `${reached.size} of 200`);
});

test("the dot under a pointer is the nearest one within reach", () => {
  assert.equal(dotAt(spots, [12, 1], 20), 1);
  assert.equal(dotAt(spots, [15, 0], 20), 1);
  assert.equal(dotAt(spots, [100, 0], 20), -1);
  assert.equal(dotAt([], [0, 0]), -1);
});

test("N and P go round the moments of one game", () => {
  const map = { groups, count: 7 };
  assert.deepEqual([0, 2, 4].map((i) => alongGroup(map, i, 1)), [2, 4, 0]);
  assert.deepEqual([1, 6].map((i) => alongGroup(map, i, -1)), [6, 5]);
  assert.equal(alongGroup({ groups: null, count: 7 }, 6, 1), 0);
});

test("differences leave out what is missing", () => {
  const values = value.map((v) => v ?? NaN);
  close(apartFrom(values, 0, [1, 3, 6]), 2);
  assert.ok(Number.isNaN(apartFrom(values, 6, [0, 1, 2])));
  close(anyTwo([0, 1, 2], null), 4 / 3);
  close(anyTwo([0, 1, 2, NaN], [0, 0, 1, 2]), 1.5);
  assert.ok(Number.isNaN(anyTwo([1, NaN], null)));
  const [worth, height] = makeMap({ ...row, groups }).colours;
  assert.deepEqual([worth.low, worth.high, worth.missing, height.missing], [0, 5, 1, 0]);
  close(worth.mean, (2 + 5 / 3 + 1 + 5 / 3 + 1 + 3) / 6); // 0 is off 1 and 3, 1 is off 0, 2 and 4, and so on
});

test("highest, lowest and middle, NaN or not", () => {
  assert.equal(most([NaN, 1, 3, NaN, 3]), 2);
  assert.equal(least([NaN, 1, -3, NaN, 3]), 2);
  assert.equal(most([2, NaN]), 0);
  assert.equal(middleOne({ values: [NaN, 5, 1, 3, NaN] }), 3);
});

test("the sentence says what the moment, its neighbours and any two have", () => {
  const map = makeMap({ ...row, groups }), alone = makeMap(row);
  assert.equal(sentence(map, 0, 0), "Moment 0: value 0.00. Its three nearest moments from other games have 1.00, none and 3.00: they differ from it by 2.00 on average, any two moments from different games by 2.11.");
  assert.match(sentence(alone, 0, 2), /^Moment 2: value 2\.00\. Its three nearest moments have 1\.00, 3\.00 and none: they differ from it by 1\.00 on average, any two moments by 2\.33\. So neighbours are alike here\.$/);
  assert.equal(sentence(map, 0, 6), "Moment 6: no value. Its three nearest moments from other games have 2.00, 0.00 and 4.00. Any two moments from different games differ by 2.11 on average.");
  assert.match(sentence(alone, 1, 6), /So nearness says nothing here\.$/);
  assert.equal(describe(map, 6), "Moment 6, game 1: no value, height 15.0.");
  assert.equal(describe(makeMap({ ...row, words: ["face", "person"] }), 1), "Face 1: value 1.00, height 0.0.");
});

test("numbers have a real minus sign, and no zero below zero", () => {
  assert.deepEqual([[-0.001, 2], [-1.34, 2], [NaN, 2], [1234, 0]].map(([v, d]) => inWords(v, d)), ["0.00", "\u22121.34", "none", "1234"]);
  assert.deepEqual([[-1.3, 0.2], [0, 0.9], [0, 0.05], [12, 71], [-400, 0], [0, 123456], [0, 0]].map(([a, b]) => digitsFor(a, b)), [2, 2, 4, 1, 0, 0, 8]);
});

test("labels stand apart from each other and inside, even where dots coincide", () => {
  for (const dots of [[[50, 50], [50, 50], [50, 50]], [[52, 50], [53, 51], [51, 52]], [[50, 60], [50, 70], [50, 80]], [[10, 10], [150, 20], [80, 190]]]) {
    const labels = labelPlaces([50, 50], dots, [0, 0, 200, 200]);
    labels.forEach(([x, y], k) => {
      assert.ok(x >= 9 && x <= 191 && y >= 9 && y <= 191);
      assert.ok(Math.hypot(x - 50, y - 50) > 15);
      for (const other of labels.slice(0, k)) assert.ok(Math.hypot(x - other[0], y - other[1]) > 16, JSON.stringify(labels));
    });
  }
  assert.ok(labelPlaces([2, 2], [[3, 2], [2, 3], [3, 3]], [0, 0, 200, 200]).flat().every((v) => v >= 9));
});

test("a ramp begins and ends with its own colours", () => {
  const ramp = ["#000000", "#ff0000", "#ffffff"];
  assert.deepEqual([-1, 0, 0.25, 0.5, 1, 2].map((t) => tone(ramp, t)), ["rgb(0,0,0)", "rgb(0,0,0)", "rgb(128,0,0)", "rgb(255,0,0)", "rgb(255,255,255)", "rgb(255,255,255)"]);
});

test("a choice survives the way through a link, and junk does not", () => {
  assert.deepEqual(readChoice(unpackState(packState([[6, 1]])), 7, 2), { kept: 6, shown: 1 });
  for (const junk of [null, 3, [], [[1]], [[7, 0]], [[0, 2]], [[-1, 0]], [[0.5, 0]], [[1, 1], [2]], [["1", 0]]]) assert.equal(readChoice(junk, 7, 2), null);
});

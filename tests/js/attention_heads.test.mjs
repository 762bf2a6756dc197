import assert from "node:assert/strict";
import { test } from "node:test";
import { TRIES } from "../../course_utils/interactives/attention_heads.js";
import { again, bestHead, bitsPerCharacter, headThatLooksAt, nextId, readLetter, readOn, readText, shown, worthOfHead } from "../../course_utils/interactives/character_reading.js";
import { packState, unpackState } from "../../course_utils/interactives/runtime.js";
import { begin, bitsOf, extend } from "../../course_utils/interactives/transformer.js";
import { small } from "./transformer_small.mjs";

const alphabet = [..."\0\nabcdefghi "], net = Object.assign(small(), { alphabet }), close = (a, b, tolerance = 1e-6) => assert.ok(Math.abs(a - b) <= tolerance, `${a} is not within ${tolerance} of ${b}`);
const mean = (state, k) => state.looks[k].slice(2).reduce((sum, row, t) => sum + row[t + 1], 0);
const read = (text) => readText(text, alphabet, net.config.length).ids;

test("a text becomes numbers behind the start; what the alphabet lacks is left out and told", () => {
  assert.deepEqual(readText("ab\r\nX b\u00e9X", alphabet, 24), { ids: [0, 2, 3, 1, 11, 3], lost: ["X", "\u00e9"] });
  assert.deepEqual(readText("ab", [..."abc"], 24).ids, [0, 1], "no start in the alphabet");
  assert.equal(readText("a".repeat(50), alphabet, 24).ids.length, 24);
  assert.deepEqual(readText("", alphabet, 24).ids, [0]);
  assert.deepEqual(["\0", "\n", " ", "a"].map(shown), ["\u25b7", "\u21b5", "\u2423", "a"]);
});

test("typing on, deleting and changing a letter give what reading afresh gives", () => {
  let state = null;
  for (const text of ["abc", "abcdef", "ab", "abdef", "", "hi there i am", "hi"]) {
    state = readOn(net, state, read(text), []);
    const fresh = extend(begin(net), read(text));
    assert.deepEqual(state.ids, fresh.ids);
    bitsOf(state).forEach((b, t) => close(b, bitsOf(fresh)[t]));
    state.looks.forEach((rows, k) => assert.equal(rows.length, fresh.looks[k].length));
  }
  const off = readOn(net, state, read("hi"), [1]);
  assert.ok(off !== state, "another head off: nothing of before holds");
  assert.equal(readOn(net, off, read("hit"), [1]), off);
});

test("where the end of the text stood before", () => {
  const at = (text) => again({ ids: [...text] });
  assert.equal(at("abcab"), 2); // after ab came c
  assert.equal(at("xabcabyab"), 6); // the later of two equally long ones
  assert.equal(at("xabcyxab"), 3); // xab beats ab
  assert.equal(at("abc"), -1);
});

test("the head that looks most at a place, and the one that is best at something", () => {
  const state = extend(begin(net), read("abcabcab")), at = headThatLooksAt(state, 8, 3);
  state.looks.forEach((rows) => assert.ok(rows[8][3] <= state.looks[at][8][3]));
  assert.equal(bestHead(state, (one) => one.before), [0, 1, 2, 3].sort((a, b) => mean(state, b) - mean(state, a))[0]);
});

test("what a head is worth is what the text costs more without it", () => {
  const ids = read("abcabcabd"), cost = (off) => bitsPerCharacter(bitsOf(extend(begin(net, off), ids)));
  for (let k = 0; k < 4; k++) close(worthOfHead(net, ids, k), cost([k]) - cost([]));
  assert.ok(cost([0]) !== cost([1]));
  assert.equal(bitsPerCharacter([0, 2, 4]), 3); assert.equal(bitsPerCharacter([0]), 0);
});

test("all readers meet the same writing, and another turn writes something else", () => {
  const write = (turn, temperature, top) => { const state = extend(begin(net), read("ab")); while (state.ids.length < 24) extend(state, [nextId(state, temperature, top, turn)]); return state.ids.join(); };
  assert.equal(write(1, 1, 0), write(1, 1, 0));
  assert.ok(write(1, 1, 0) !== write(2, 1, 0));
  assert.equal(write(1, 0, 0), write(2, 1.5, 1), "temperature 0 and the top one are the same");
});

test("set-ups ask for a guess and fit the page", () => {
  assert.ok(Object.keys(TRIES).length >= 5);
  for (const [text, question] of Object.values(TRIES)) assert.ok(text.length <= 100 && /Guess/.test(question) && /^[\n -~]*$/.test(text), text);
});

test("a set-up survives the way through a link, and junk does not", () => {
  const given = [[3, 4, 0.85, 5, 2], [0, 2], [2, 3, 11, 1]], back = readLetter(unpackState(packState(given)), net.config, alphabet);
  assert.deepEqual(back, { head: 3, place: 4, temperature: 0.85, top: 5, prompt: 2, off: [0, 2], text: "ab \n" });
  for (const junk of [null, 3, [[0, 0, 1, 0, 0]], [[4, 0, 1, 0, 0], [], []], [[0, 24, 1, 0, 0], [], []], [[0, 0, 3, 0, 0], [], []], [[0, 0, 1, 4, 0], [], []], [[0, 0, 1, 0, 0], [4], []], [[0, 0, 1, 0, 0], [], [12]], [[0, 0, 1, 0, 0], [], new Array(25).fill(2)], [[0, 0.5, 1, 0, 0], [], []], [[0, 0, NaN, 0, 0], [], []]]) assert.equal(readLetter(junk, net.config, alphabet), null);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { carried, chosenOf, guessesAt, inputsOf, putIn, readBraces, readLetter, secondOf, wavering, within } from "../../course_utils/interactives/masked_sentence.js";
import { TRIES } from "../../course_utils/interactives/masked_words.js";
import { packState, unpackState } from "../../course_utils/interactives/runtime.js";
import { begin, extend } from "../../course_utils/interactives/transformer.js";
import { loadPieces, piecesOf, wordsOf } from "../../course_utils/interactives/wordpiece.js";
import { small } from "./transformer_small.mjs";

const pieces = "[PAD] [UNK] [CLS] [SEP] [MASK] the re ##shape ##turn ##s array of . , mean ( ) caf ##e un ##related".split(" "), tokeniser = loadPieces(pieces), { places } = tokeniser;
const read = (text) => piecesOf(tokeniser, text), names = (text) => read(text).map(({ piece }) => piece);

test("words and marks, without accents and in lower case", () => {
  assert.deepEqual(wordsOf("Re-turns caf\u00e9\u0301 (x)").map(({ text }) => text), ["re", "-", "turns", "cafe", "(", "x", ")"]);
  assert.deepEqual(wordsOf("a\u4e2db [MASK]c").map(({ text }) => text), ["a", "\u4e2d", "b", "[MASK]", "c"]);
});

test("the longest known piece first, and where it stands in the text", () => {
  assert.deepEqual(names("Returns the reshapes of caf\u00e9."), ["re", "##turn", "##s", "the", "re", "##shape", "##s", "of", "caf", "##e", "."]);
  assert.deepEqual(names("retur the"), ["[UNK]", "the"], "a word that can't be cut is unknown as a whole");
  const text = "The  caf\u00e9s, Reshape", found = read(text);
  assert.deepEqual(found.map(({ from, to }) => text.slice(from, to)), ["The", "caf", "\u00e9", "s", ",", "Re", "shape"]);
});

test("words in braces are hidden, all their pieces", () => {
  assert.deepEqual(readBraces("the {mean} of {reshapes}."), { text: "the mean of reshapes.", spans: [[4, 8], [12, 20]] });
  const { text, spans } = readBraces("the {mean} of {reshapes}.");
  assert.deepEqual(within(read(text), spans), [1, 3, 4, 5]);
  assert.deepEqual(readBraces("plain"), { text: "plain", spans: [] });
});

test("what the network reads: ends, gaps, and a second sentence as another segment", () => {
  const one = inputsOf(read("the mean of"), "the mean of", [1], places, 24);
  assert.deepEqual(one, { ids: [2, 5, 4, 11, 3], segments: [0, 0, 0, 0, 0], at: [1, 2, 3], cut: false });
  const text = "the mean. of the", two = inputsOf(read(text), text, [], places, 24);
  assert.equal(secondOf(read(text), text), 3);
  assert.deepEqual(two.ids, [2, 5, 14, 12, 3, 11, 5, 3]); assert.deepEqual(two.segments, [0, 0, 0, 0, 0, 1, 1, 1]); assert.deepEqual(two.at, [1, 2, 3, 5, 6]);
  assert.equal(secondOf(read("the mean."), "the mean."), -1); assert.equal(secondOf(read("re.turn"), "re.turn"), -1);
  for (const length of [8, 9, 10]) for (const long of ["the ".repeat(30), "the mean. " + "of ".repeat(30), "the ".repeat(length - 4) + ". of the"]) {
    const cut = inputsOf(read(long), long, [], places, length);
    assert.ok(cut.cut && cut.ids.length <= length && cut.ids.at(-1) === 3 && cut.segments.length === cut.ids.length);
  }
});

test("guesses are ranked, and there is one for every piece", () => {
  const net = small({ causal: false, norm: "post", masked: true, segments: 2 }), state = extend(begin(net), [2, 5, 4, 11, 3], [0, 0, 0, 0, 0]), ranked = guessesAt(state, 2);
  assert.equal(ranked.length, 12);
  ranked.slice(1).forEach(([p], k) => assert.ok(p <= ranked[k][0]));
  assert.ok(Math.abs(ranked.reduce((sum, [p]) => sum + p, 0) - 1) < 1e-9);
  assert.ok(Math.abs(wavering([0.25, 0.25, 0.25, 0.25]) - 4) < 1e-9); assert.equal(wavering([1, 0]), 1);
});

test("a guess is put in where the gap was", () => {
  const put = (text, k, piece) => putIn(text, read(text)[k], piece).text;
  assert.equal(put("the mean of", 1, "array"), "the array of");
  assert.equal(put("Returns.", 2, "##shape"), "Returnshape.");
  assert.equal(put("the mean of", 1, "##s"), "thes of");
  assert.equal(put("returns of", 2, "array"), "return array of");
  assert.equal(put("returns of", 0, "un"), "unturns of");
  assert.equal(put("the mean, of", 2, "the"), "the mean the of");
  assert.equal(put("the (mean) of", 2, "array"), "the (array) of");
  assert.equal(put("[MASK] of", 0, "mean"), "mean of");
  const { text, span } = putIn("the mean of", read("the mean of")[1], "array");
  assert.equal(text.slice(...span), "array");
});

test("gaps stay where the text around them is the same", () => {
  const move = (hidden, before, after) => carried(hidden, read(before), read(after));
  assert.deepEqual(move([1, 3], "the mean of array", "the mean of the array"), [1, 4]);
  assert.deepEqual(move([1, 3], "the mean of array", "the array of array"), [3]);
  assert.deepEqual(move([0], "the mean", ""), []);
  assert.deepEqual(move([1], "the mean", "the mean"), [1]);
});

test("set-ups hide something and ask for a guess", () => {
  assert.ok(Object.keys(TRIES).length >= 5);
  for (const { from, ask } of Object.values(TRIES)) for (const marked of from) assert.ok(readBraces(marked).spans.length && readBraces(marked).text.length <= 240 && /Guess/.test(ask), marked);
});

test("of several sentences the surest right or wrong one is shown, the first if there is none", () => {
  const judged = { a: { chance: 0.9, right: false }, b: { chance: 0.4, right: true }, c: { chance: 0.6, right: true }, d: null }, choose = (pick, from = ["d", "a", "b", "c"]) => chosenOf({ from, pick }, (name) => judged[name]);
  assert.deepEqual([choose("right"), choose("wrong"), choose(undefined), choose("wrong", ["b", "c"])], ["c", "a", "d", "b"]);
});

test("a set-up survives the way through a link, and junk does not", () => {
  const config = { layers: 2, heads: 4, length: 64 }, text = "The caf\u00e9.", given = [[1, 7], [1, 3], [...text].map((c) => c.charCodeAt(0))];
  assert.deepEqual(readLetter(unpackState(packState(given)), config), { slot: 1, head: 7, hidden: [1, 3], text });
  assert.equal(readLetter([[-1, 0], [], [65]], config).slot, -1);
  for (const junk of [null, 3, [[0, 0], []], [[0, 8], [], [65]], [[64, 0], [], [65]], [[0, 0], [64], [65]], [[0, 0], [], [7]], [[0, 0], [], new Array(241).fill(65)], [[0, 0.5], [], [65]], [[0, NaN], [], [65]], [[0], [], [65]]]) assert.equal(readLetter(junk, config), null);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { englishOf, germanOf, numberOf } from "../../course_utils/interactives/number_words.js";
import { packState, unpackState } from "../../course_utils/interactives/runtime.js";
import { misspelt, numberInGerman, readLetter, readText, situation, SPOIL, TRIES } from "../../course_utils/interactives/translate_numbers.js";
import { gruStep, loadTranslator, LONGEST_WORD, spreadOfLooks, times, translate } from "../../course_utils/interactives/translator.js";
import sample from "./translator_sample.mjs";

const close = (a, b, tolerance = 1e-12) => assert.ok(Math.abs(a - b) <= tolerance, `${a} is not within ${tolerance} of ${b}`);
const net = loadTranslator(sample), known = net.words.filter((word) => word), german = (n) => germanOf(n).map(([piece]) => piece).join("");
const say = (text, sharpness = 1) => { const read = readText(text, known); return { read, ...translate(net, read.words.map((word) => net.words.indexOf(word)), sharpness) }; };

test("it writes what Keras writes", () => {
  assert.ok(sample.translations.length >= 55);
  for (const [text, written] of sample.translations) assert.equal(say(text).text, written, text);
});

test("the looks of each letter add up to one, and sharpness narrows or levels them", () => {
  for (const text of ["88", "7345", "9999", "five forty"]) for (const sharpness of [1 / 16, 1, 8]) for (const { looks, sure } of say(text, sharpness).steps) {
    close(looks.reduce((a, b) => a + b), 1); assert.ok(looks.every((a) => a >= 0) && sure > 0 && sure <= 1);
  }
  const spread = (sharpness) => spreadOfLooks(say("7345", sharpness).steps);
  close(spread(0), 6, 1e-9);
  assert.ok(spread(1 / 8) > spread(1) && spread(1) > spread(4) && spread(4) >= 1);
  close(spreadOfLooks([{ looks: [0.5, 0.5, 0, 0] }]), 2); close(spreadOfLooks([{ looks: [1, 0] }]), 1);
});

test("a GRU step with open and shut gates does what it should", () => {
  const zero = { data: new Float64Array(12), rows: 2, columns: 6 }, none = new Float64Array(6), state = Float64Array.of(0.3, -0.7);
  const step = (z, r, n) => gruStep(Float64Array.of(z, z, r, r, n, n), state, zero, none);
  step(40, 0, 1).forEach((v, k) => close(v, state[k])); // the update gate keeps the old state
  step(-40, 0, 0.5).forEach((v) => close(v, Math.tanh(0.5))); // or takes the candidate
  gruStep(Float64Array.of(-40, -40, -40, -40, 0, 0), state, zero, Float64Array.of(0, 0, 0, 0, 5, 5)).forEach((v) => close(v, 0)); // the reset gate shuts out what comes from the state, its bias too
  assert.deepEqual(Array.from(times([1, 2], { data: Float64Array.of(1, 2, 3, 4), rows: 2, columns: 2 })), [7, 10]);
});

test("88: while it writes acht it looks at eight, while it writes achtzig at eighty", () => {
  const { text, steps } = say(TRIES["88"][0]), mean = (from, to, j) => steps.slice(from, to).reduce((sum, { looks }) => sum + looks[j], 0) / (to - from);
  assert.equal(text, "achtundachtzig");
  assert.ok(mean(0, 4, 1) > 0.6 && mean(7, 14, 0) > 0.6, `${mean(0, 4, 1)}, ${mean(7, 14, 0)}`);
});

test("7345 is right; with blurred looks it is not", () => {
  const right = say(TRIES["7345"][0]), [text, power] = TRIES["Blurred looks"], blurred = say(text, 2 ** power);
  assert.ok(situation(right.read, right).endsWith("right."));
  assert.ok(situation(blurred.read, blurred).startsWith("Wrong: 7345 is siebentausend"));
  assert.ok(spreadOfLooks(blurred.steps) > 5.5);
});

test("another order and too many words are no number, and it writes all the same", () => {
  for (const name of ["Another order", "Too many words"]) {
    const said = say(TRIES[name][0]);
    assert.equal(numberOf(said.read.words), null);
    assert.ok(said.text.length > 5 && situation(said.read, said).includes("is no number, and yet the network writes " + said.text));
  }
  assert.ok(situation(say("five forty").read, say("five forty")).endsWith("German for 45."));
});

test("numbers in both languages", () => {
  assert.deepEqual([englishOf(0), englishOf(13), englishOf(7045)], [["zero"], ["thirteen"], ["seven", "thousand", "forty", "five"]]);
  assert.deepEqual([german(0), german(1), german(21), german(101), german(7001)], ["null", "eins", "einundzwanzig", "einhunderteins", "siebentausendeins"]);
  for (let n = 0; n <= 9999; n += 7) { assert.equal(numberOf(englishOf(n)), n); assert.equal(numberInGerman(german(n)), n); }
  for (const text of ["five forty", "hundred", "two hundred hundred", "ten two", "zero five", "one thousand zero", "thousand seven", "", "one one thousand"]) assert.equal(numberOf(text ? text.split(" ") : []), null, text);
  assert.equal(numberInGerman("achtundachzig"), null);
});

test("what is typed is read", () => {
  assert.deepEqual(readText(" 7045 ", known).words, ["seven", "thousand", "forty", "five"]);
  assert.deepEqual(readText("Seven thousand, and forty-five", known), { words: ["seven", "thousand", "forty", "five"], unknown: [], fault: "" });
  assert.deepEqual(readText("egihty eight", known), { words: ["eight"], unknown: ["egihty"], fault: "" });
  assert.equal(readText("12345", known).words.length, 0);
  assert.ok(readText("one ".repeat(12), known).words.length === 10 && readText("one ".repeat(12), known).fault.includes("first 10"));
  for (const [text, part] of [["", "Type a number"], ["10000", "0 to 9999"], ["fvie", "\u201cfvie\u201d means nothing to it"], ["fvie egihty", "mean nothing"]]) assert.ok(situation(readText(text, known), { text: "", steps: [], stopped: true }).includes(part), text);
});

test("words are spoilt as the buttons say", () => {
  const row = ["seven", "hundred", "two"];
  assert.deepEqual(SPOIL["Swap two words"](row, 0), ["hundred", "seven", "two"]);
  assert.deepEqual(SPOIL["Swap two words"](row, 1), ["seven", "two", "hundred"]);
  assert.deepEqual(SPOIL["Swap two words"](row, 2), ["hundred", "seven", "two"]);
  assert.deepEqual(SPOIL["Repeat a word"](row, 1), ["seven", "hundred", "hundred", "two"]);
  assert.deepEqual(SPOIL["Drop a word"](row, 2), ["seven", "hundred"]);
  assert.deepEqual(SPOIL["Misspell a word"](row, 0), ["sveen", "hundred", "two"]);
  for (const name of Object.keys(SPOIL)) assert.ok(SPOIL[name](["five"], 0).length >= 1);
  for (const word of known) { const wrong = misspelt(word); assert.ok(wrong !== word && !known.includes(wrong) && [...wrong].sort().join() === [...word].sort().join(), word); }
  assert.deepEqual(row, ["seven", "hundred", "two"]);
});

test("the longest word is cut, not endless", () => {
  for (let n = 0; n <= 9999; n += 501) assert.ok(say(String(n)).steps.length <= LONGEST_WORD);
  assert.ok(german(7777).length <= LONGEST_WORD - 1);
  assert.ok(situation(readText("7", known), { text: "sieben", steps: [], stopped: false }).endsWith("right."));
  assert.ok(situation(readText("7", known), { text: "siebensieben", steps: [], stopped: false }).includes("does not stop"));
});

test("a text survives the way through a link, and junk does not", () => {
  const text = "egihty eight, \u00fc", state = [[-1.25, 1, 4], [...text].map((c) => c.charCodeAt(0))], back = readLetter(unpackState(packState(state)));
  assert.deepEqual(back, { sharp: -1.25, outlines: true, place: 4, text });
  for (const junk of [null, 3, [[0, 0, 0]], [[0, 0], [49]], [[0, 2, 0], [49]], [[9, 0, 0], [49]], [[0, 0, 0], [7]], [[0, 0, 0], new Array(101).fill(49)], [[0, 0, 0.5], [49]], [[0, 0, NaN], [49]]]) assert.equal(readLetter(junk), null);
});

// What a transformer reads and writes character by character, without any drawing: a text as numbers, what its heads look at, what one is worth.

import { seeded } from "./seeded.js";
import { begin, bitsOf, drawn, extend, habitsOf, logitsAt, sharpened, shorten } from "./transformer.js";

/** How many of the likeliest characters the dice may choose from; 0 is all. */
export const TOPS = [1, 2, 3, 5, 8, 12, 20, 0];

/** Characters of a text as numbers, the start before them if the alphabet has one; `lost` are those that it has not. */
export function readText(text, alphabet, length) {
  const start = alphabet[0] === "\0" ? [0] : [], all = [...text.replace(/\r\n?/g, "\n")], fits = all.filter((c) => c !== "\0" && alphabet.includes(c));
  return { ids: [...start, ...fits.map((c) => alphabet.indexOf(c))].slice(0, length), lost: [...new Set(all.filter((c) => !alphabet.includes(c)))] };
}
/** Read a text; what was read before and begins alike is not computed again. */
export function readOn(net, state, ids, off) {
  const same = state && state.off.size === off.length && off.every((k) => state.off.has(k));
  const now = same ? state : begin(net, off);
  let common = 0;
  while (common < now.ids.length && common < ids.length && now.ids[common] === ids[common]) common++;
  shorten(now, common);
  if (ids.length > common) extend(now, ids.slice(common));
  return now;
}
export const argmax = (values) => values.indexOf(Math.max(...values));
/** The head that is best at something. */
export const bestHead = (state, good) => argmax(state.looks.map((rows) => good(habitsOf(rows))));
export const headThatLooksAt = (state, place, at) => argmax(state.looks.map((rows) => (at < 0 ? 0 : rows[place][at])));
/** The head that looks most from the last character at the last one of these. */
export function headThatSees(state, character) {
  return headThatLooksAt(state, state.ids.length - 1, state.ids.lastIndexOf(state.net.alphabet.indexOf(character)));
}
/** Where the longest end of the text stood before: the place behind it, which the network could copy. -1 if there is none. */
export function again({ ids }) {
  let best = [0, -1];
  for (let at = ids.length - 2; at >= 0; at--) {
    let k = 0;
    while (k <= at && ids[at - k] === ids[ids.length - 1 - k]) k++;
    if (k > best[0]) best = [k, at + 1];
  }
  return best[1];
}
export const bitsPerCharacter = (bits) => bits.slice(1).reduce((a, b) => a + b, 0) / Math.max(1, bits.length - 1);
/** How many bits per character a text costs more when one head is off, all others on. */
export function worthOfHead(net, ids, head) {
  const cost = (off) => bitsPerCharacter(bitsOf(extend(begin(net, off), ids)));
  return cost([head]) - cost([]);
}
/** The next character: dice that depend on the turn and the place alone, so that all readers meet the same text. */
export const nextId = (state, temperature, top, turn) => drawn(sharpened(logitsAt(state, state.ids.length - 1), temperature, top), seeded(turn * 7919 + state.ids.length * 104729)());
/** How a character is shown. */
export const shown = (c) => ({ "\0": "\u25b7", "\n": "\u21b5", "\t": "\u21e5", " ": "\u2423" })[c] ?? c;

/** A set-up from a link: [[head, place, temperature, top, start], heads that are off, codes of the signs]; null if it is none. */
export function readLetter(state, { layers, heads, length }, alphabet) {
  if (!Array.isArray(state) || state.length !== 3 || !state.every((row) => Array.isArray(row) && row.every(Number.isFinite))) return null;
  const [[head, place, temperature, top, prompt], off, codes] = state, whole = (v, most) => Number.isInteger(v) && v >= 0 && v < most;
  return state[0].length === 5 && whole(head, layers * heads) && whole(place, length) && temperature >= 0 && temperature <= 2 && TOPS.includes(top) && whole(prompt, length + 1)
    && off.length <= layers * heads && off.every((k) => whole(k, layers * heads)) && codes.length <= length && codes.every((k) => whole(k, alphabet.length))
    ? { head, place, temperature, top, prompt, off: [...new Set(off)], text: codes.map((k) => alphabet[k]).join("") } : null;
}

// A sentence with hidden pieces, without any drawing: what the network reads, its ranked guesses for a gap, a guess put in.

import { softmax } from "./nn.js";
import { logitsAt } from "./transformer.js";

export const MOST_SIGNS = 240;

/** A sentence with hidden words in braces: the sentence, and where those words stand in it. */
export function readBraces(marked) {
  const spans = [];
  let text = "";
  for (const part of marked.split(/(\{[^}]*\})/)) {
    const hidden = part.startsWith("{"), said = hidden ? part.slice(1, -1) : part;
    if (hidden) spans.push([text.length, text.length + said.length]);
    text += said;
  }
  return { text, spans };
}
/** Numbers of the pieces that lie within these spans. */
export const within = (pieces, spans) => pieces.flatMap(({ from, to }, k) => (spans.some(([low, high]) => from >= low && to <= high) ? [k] : []));
/** The piece at which a second sentence begins; -1 if there is one sentence only. */
export function secondOf(pieces, text) {
  for (let k = 0; k + 1 < pieces.length; k++) if (/^[.?!]$/.test(pieces[k].piece) && /\s/.test(text[pieces[k].to] ?? "")) return k + 1;
  return -1;
}
/** What the network reads: [CLS] A [SEP] or [CLS] A [SEP] B [SEP]; at[k] is the place of piece k. */
export function inputsOf(pieces, text, hidden, places, length) {
  const [cls, sep, mask] = ["[CLS]", "[SEP]", "[MASK]"].map((name) => places.get(name)), turn = secondOf(pieces, text), kept = pieces.slice(0, length - (turn > 0 && turn <= length - 3 ? 3 : 2));
  const ids = [cls], segments = [0], at = [];
  let segment = 0;
  kept.forEach(({ id }, k) => {
    if (k === turn) { ids.push(sep); segments.push(0); segment = 1; }
    at.push(ids.length);
    ids.push(hidden.includes(k) ? mask : id);
    segments.push(segment);
  });
  return { ids: [...ids, sep], segments: [...segments, segment], at, cut: kept.length < pieces.length };
}
/** Ranked guesses of the network at one place: [chance, number of the piece], the best first. */
export function guessesAt(state, place) {
  return softmax(logitsAt(state, place)).map((p, k) => [p, k]).sort((a, b) => b[0] - a[0] || a[1] - b[1]);
}
/** Of several sentences the one that is judged best: the surest right guess, or the surest wrong one; the first if there is none. */
export function chosenOf({ from, pick }, judge) {
  const judged = from.map((marked) => [marked, judge(marked)]).filter(([, one]) => one && pick && one.right === (pick === "right"));
  return judged.length ? judged.reduce((best, one) => (one[1].chance > best[1].chance ? one : best))[0] : from[0];
}
/** Put a piece in the place of another one: the text, and where the new piece stands in it. */
export function putIn(text, { from, to }, piece) {
  const goesOn = piece.startsWith("##"), said = goesOn ? piece.slice(2) : piece;
  let before = text.slice(0, from);
  if (goesOn) before = before.trimEnd();
  else if (/[\p{L}\p{N}]$/u.test(before) && /^[\p{L}\p{N}]/u.test(said)) before += " ";
  return { text: before + said + text.slice(to), span: [before.length, before.length + said.length] };
}
/** Hidden pieces of the old text that are still there in the new one: those before and behind what has changed. */
export function carried(hidden, before, after) {
  const same = (i, j) => before[i]?.piece === after[j]?.piece;
  let head = 0, tail = 0;
  while (head < before.length && head < after.length && same(head, head)) head++;
  while (tail < before.length - head && tail < after.length - head && same(before.length - 1 - tail, after.length - 1 - tail)) tail++;
  return hidden.flatMap((k) => (k < head ? [k] : k >= before.length - tail ? [k + after.length - before.length] : []));
}
/** e to the entropy: among how many guesses it wavers. */
export const wavering = (chances) => Math.exp(-chances.reduce((sum, p) => sum + (p > 0 ? p * Math.log(p) : 0), 0));

/** A set-up from a link: [[slot, head], hidden pieces, codes of the signs]; null if it is none. */
export function readLetter(state, { layers, heads, length }) {
  if (!Array.isArray(state) || state.length !== 3 || !state.every((row) => Array.isArray(row) && row.every(Number.isInteger))) return null;
  const [[slot, head], hidden, codes] = state, below = (v, most) => v >= 0 && v < most;
  return state[0].length === 2 && slot >= -1 && slot < length && below(head, layers * heads) && hidden.length <= length && hidden.every((k) => below(k, length)) && codes.length <= MOST_SIGNS && codes.every((c) => c >= 32 && c <= 0xffff)
    ? { slot, head, hidden: [...new Set(hidden)].sort((a, b) => a - b), text: String.fromCharCode(...codes) } : null;
}

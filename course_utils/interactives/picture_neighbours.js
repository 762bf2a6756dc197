// A map of pictures without any drawing: who is near whom, by how much neighbours differ, and what is told of one.

import { decimals } from "./counted_words.js";
import { css, mixed } from "./colour_scale.js";
import { rgb } from "./hex_colour.js";

export const NEAR = 3, REACH = 40, MARK = 9;
const NUMBER_WORDS = ["no", "one", "two", "three"];

/** Props as the figure needs them: places [[x, y]], colours with their span and digits, and the three nearest of each. */
export function makeMap({ places, colours, groups = null, neighbours = null, words: [thing, group] = ["moment", "game"] }) {
  const spots = Array.from({ length: places.length / 2 }, (_, i) => [places[2 * i], places[2 * i + 1]]), map = { spots, groups, thing, group, count: spots.length, given: neighbours !== null };
  map.near = neighbours ?? spots.map((_, i) => nearestTo(map, i));
  map.colours = colours.map(([name, given]) => {
    const values = given.map((v) => v ?? NaN), known = values.filter(Number.isFinite), low = Math.min(...known), high = Math.max(...known);
    const apart = values.map((_, i) => apartFrom(values, i, map.near[i])), some = apart.filter(Number.isFinite);
    return { name, values, low, high, apart, digits: digitsFor(low, high), missing: values.length - known.length, mean: some.length ? some.reduce((a, b) => a + b, 0) / some.length : NaN, any: anyTwo(values, groups) };
  });
  return map;
}
/** The three nearest on the map, from other groups where there are groups; of two as near the first. */
export function nearestTo({ spots, groups }, i, most = NEAR) {
  const [x, y] = spots[i], far = [];
  spots.forEach(([u, v], k) => { if (k !== i && !(groups && groups[k] === groups[i])) far.push([(u - x) ** 2 + (v - y) ** 2, k]); });
  return far.sort(([a, i1], [b, i2]) => a - b || i1 - i2).slice(0, most).map(([, k]) => k);
}
/** The dot that an arrow key leads to: near, and rather ahead than aside. Without one in its quarter, any that is ahead; else this one. */
export function dotAhead({ spots }, i, [dx, dy]) {
  let best = [Infinity, i], other = [Infinity, i];
  spots.forEach(([u, v], k) => {
    const ahead = (u - spots[i][0]) * dx + (v - spots[i][1]) * dy, aside = Math.abs((u - spots[i][0]) * dy) + Math.abs((v - spots[i][1]) * dx), cost = ahead + 2 * aside;
    if (ahead <= 0) return;
    if (aside <= ahead && cost < best[0]) best = [cost, k];
    if (cost < other[0]) other = [cost, k];
  });
  return best[0] < Infinity ? best[1] : other[1];
}
/** Which of some places on the screen is nearest to a point and within reach; -1 if none. */
export function dotAt(places, [x, y], reach = REACH) {
  let best = reach * reach, found = -1;
  places.forEach(([u, v], k) => { const far = (u - x) ** 2 + (v - y) ** 2; if (far <= best && (far < best || found < 0)) { best = far; found = k; } });
  return found;
}
/** The next one, or the one before, of the same group; round and round. */
export function alongGroup({ groups, count }, i, step) {
  let k = i;
  do k = (k + step + count) % count; while (groups && groups[k] !== groups[i]);
  return k;
}
/** By how much one differs from its neighbours on average; NaN where numbers are missing. */
export function apartFrom(values, i, near) {
  const gaps = near.map((k) => Math.abs(values[k] - values[i])).filter(Number.isFinite);
  return gaps.length ? gaps.reduce((a, b) => a + b, 0) / gaps.length : NaN;
}
/** By how much two differ on average, over all pairs (of different groups). */
export function anyTwo(values, groups) {
  let sum = 0, pairs = 0;
  for (let i = 0; i < values.length; i++) for (let k = 0; k < i; k++) {
    const gap = Math.abs(values[i] - values[k]);
    if (Number.isFinite(gap) && !(groups && groups[i] === groups[k])) { sum += gap; pairs++; }
  }
  return pairs ? sum / pairs : NaN;
}
/** Which one has most of something; the first of several. NaN counts for nothing. */
export const most = (values) => values.reduce((best, v, i) => (v > (values[best] ?? -Infinity) || Number.isNaN(values[best]) ? i : best), 0);
export const least = (values) => most(values.map((v) => -v));
/** Decimals that leave two or three figures of the largest number. */
export function digitsFor(low, high) {
  const largest = Math.max(Math.abs(low), Math.abs(high), 1e-6);
  return largest >= 0.3 && largest < 10 ? 2 : Math.max(0, 2 - Math.floor(Math.log10(largest)));
}
export const inWords = (v, digits) => (Number.isFinite(v) ? decimals(v, digits) : "none");
const list = (parts) => (parts.length > 1 ? parts.slice(0, -1).join(", ") + " and " : "") + parts.at(-1);
export const named = (map, i) => map.thing + " " + i + (map.groups ? ", " + map.group + " " + map.groups[i] : "");
export const capital = (text) => text[0].toUpperCase() + text.slice(1);
export const others = (map) => map.thing + "s" + (map.groups ? " from other " + map.group + "s" : "");
/** All numbers of one moment: "value 1.34, ball's column 70.1". */
export const numbersOf = (map, i) => map.colours.map(({ name, values, digits }) => (Number.isFinite(values[i]) ? name + " " + inWords(values[i], digits) : "no " + name)).join(", ");
export const describe = (map, i) => capital(named(map, i)) + ": " + numbersOf(map, i) + ".";
/** What one sees: a moment, its neighbours, and how much any two differ. */
export function sentence(map, shown, i) {
  const { name, values, digits, apart, any } = map.colours[shown], say = (v) => inWords(v, digits), near = map.near[i];
  const here = capital(map.thing) + " " + i + ": " + (Number.isFinite(values[i]) ? name + " " + say(values[i]) : "no " + name) + ". ";
  const theirs = "Its " + NUMBER_WORDS[near.length] + " nearest " + others(map) + " have " + list(near.map((k) => say(values[k])));
  const any2 = "ny two " + map.thing + "s" + (map.groups ? " from different " + map.group + "s" : "");
  if (!Number.isFinite(any)) return here + theirs + ".";
  if (!Number.isFinite(apart[i])) return here + theirs + ". A" + any2 + " differ by " + say(any) + " on average.";
  const verdict = apart[i] <= any / 2 ? " So neighbours are alike here." : apart[i] >= any ? " So nearness says nothing here." : "";
  return here + theirs + ": they differ from it by " + say(apart[i]) + " on average, a" + any2 + " by " + say(any) + "." + verdict;
}
/** Where the numbers of the neighbours stand: outside of their dots, apart from each other and from the dot in the middle, in the frame. */
export function labelPlaces(middle, dots, [left, top, width, height]) {
  const away = ([x, y], [u, v], turn) => { const far = Math.hypot(x - u, y - v); return far > 0.5 ? [(x - u) / far, (y - v) / far] : [Math.cos(turn), Math.sin(turn)]; };
  const spots = dots.map((dot, k) => { const [dx, dy] = away(dot, middle, 2 * k); return [dot[0] + 17 * dx, dot[1] + 17 * dy]; });
  for (let round = 0; round < 40; round++) spots.forEach((spot, k) => {
    for (const other of [middle, ...spots.filter((_, q) => q !== k)]) {
      const gap = 2.2 * MARK - Math.hypot(spot[0] - other[0], spot[1] - other[1]), [dx, dy] = away(spot, other, 2 * k);
      if (gap > 0) { spot[0] += 0.6 * gap * dx; spot[1] += 0.6 * gap * dy; }
    }
    spot[0] = Math.max(left + MARK, Math.min(left + width - MARK, spot[0]));
    spot[1] = Math.max(top + MARK, Math.min(top + height - MARK, spot[1]));
  });
  return spots;
}
/** A colour of the ramp, t from 0 to 1. */
export function tone(ramp, t) {
  const at = Math.max(0, Math.min(1, t)) * (ramp.length - 1), k = Math.min(ramp.length - 2, Math.floor(at));
  return css(mixed(rgb(ramp[k]), rgb(ramp[k + 1]), at - k));
}
/** A choice from a link: [[moment, colour]]; null if it is none. */
export function readChoice(state, count, colours) {
  const [i, shown] = Array.isArray(state) && Array.isArray(state[0]) && state.length === 1 && state[0].length === 2 ? state[0] : [];
  return [[i, count], [shown, colours]].every(([v, below]) => Number.isInteger(v) && v >= 0 && v < below) ? { kept: i, shown } : null;
}
/** Where the reader begins: at the middle one of the first colour. */
export function middleOne({ values }) {
  const order = values.map((v, i) => [v, i]).filter(([v]) => Number.isFinite(v)).sort(([a, i], [b, k]) => a - b || i - k);
  return order[Math.floor(order.length / 2)][1];
}

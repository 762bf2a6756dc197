// A map of pictures: moments as dots in the plane; point at one, and its picture stands beside those of its three nearest.

import { adopt, button, facts, h, linkButton } from "./runtime.js";
import { createPlane, drawLine, drawText, keepSharp, palette } from "./plot.js";

export const NEAR = 3;
const REACH = 40, MARK = 9, NUMBER_WORDS = ["no", "one", "two", "three"];
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
/** From low to high: on light ground from pale to dark, on dark ground from dim to bright. */
const RAMPS = { light: ["#d9e6ee", "#8dbbdb", "#0072b2", "#002b4a"], dark: ["#25414f", "#24739f", "#56b4e9", "#eef8fe"] };

const STYLE = [
  ".dlm .dlm-map { touch-action: pan-y; }",
  ".dlm .dlm-picture { image-rendering: pixelated; cursor: inherit; border: 1px solid var(--edge); border-radius: 4px; background: #fff; }",
  ".dlm-look { display: grid; gap: 4px; justify-items: center; }",
  ".dlm-look > div { width: 100%; min-height: 2.9em; line-height: 1.4; }",
  ".dlm-near { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 6px; }",
  ".dlm .dlm-near button { display: grid; gap: 3px; padding: 4px; justify-items: center; align-content: start; font-variant-numeric: tabular-nums; min-width: 0; }",
  ".dlm-near span { display: flex; gap: 5px; align-items: center; }",
  ".dlm-near i { font: 600 12px/16px system-ui, sans-serif; width: 16px; text-align: center; border-radius: 50%; color: var(--ink); background: var(--minus); }",
  ".dlm-bar { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 8px; color: var(--muted); font-size: .87em; font-variant-numeric: tabular-nums; }",
  ".dlm-bar > div { flex: 1 1 100%; height: 12px; border-radius: 3px; border: 1px solid var(--muted); }",
  ".dlm-bar i { display: inline-block; margin-right: 5px; width: 9px; height: 9px; border: 1.5px solid var(--muted); border-radius: 50%; }",
  ".dlm-more details > div > p { margin: 0 0 6px; }",
  ".dlm-body > .dlm-status { min-height: 5.3em; }",
  "@container (max-width: 560px) { .dlm-atlas > .dlm-side { display: contents; } .dlm-atlas { gap: 10px; } .dlm-look { grid-template-columns: minmax(0, 1.5fr) minmax(0, 1fr); gap: 10px; } .dlm-body > .dlm-status { min-height: 6.7em; } }", // on a phone the picture stays in sight below the map
  "@container (max-width: 480px) { .dlm-body > .dlm-status { min-height: 9.6em; } }",
  "[data-wide=yes] .dlm-atlas { display: contents; }", // on a slide: the map left, all that goes with it right
  "[data-wide=yes] .dlm-atlas > .dlm-side + .dlm-side { break-before: column; }",
  "[data-wide=yes] .dlm-atlas > .dlm-side { margin-bottom: 10px; break-inside: avoid; }",
  "[data-wide=yes] .dlm-side { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 10px 14px; align-items: center; }",
  "[data-wide=yes] :is(.dlm-map, .dlm-bar, .dlm-near) { grid-column: 1 / -1; }",
  "[data-wide=yes] > .dlm-body > .dlm-status { min-height: 6.7em; }",
  "[data-wide=yes] .dlm-near .dlm-picture { max-width: 120px; }",
].join("\n");

// ---- the pure part

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
export function inWords(v, digits) {
  if (!Number.isFinite(v)) return "none";
  const text = v.toFixed(digits);
  return (+text === 0 ? text.replace("-", "") : text).replace("-", "\u2212");
}
const list = (parts) => (parts.length > 1 ? parts.slice(0, -1).join(", ") + " and " : "") + parts.at(-1);
const named = (map, i) => map.thing + " " + i + (map.groups ? ", " + map.group + " " + map.groups[i] : "");
const capital = (text) => text[0].toUpperCase() + text.slice(1);
const others = (map) => map.thing + "s" + (map.groups ? " from other " + map.group + "s" : "");
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
  return "rgb(" + [1, 3, 5].map((i) => { const [a, b] = [ramp[k], ramp[k + 1]].map((c) => parseInt(c.slice(i, i + 2), 16)); return Math.round(a + (at - k) * (b - a)); }).join(" ") + ")";
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

function render({ model, el }) {
  const map = makeMap({ places: model.get("places"), colours: model.get("colours"), groups: model.get("groups"), neighbours: model.get("neighbours"), words: model.get("words") });
  const [rows, columns] = model.get("size"), across = model.get("columns"), { thing, group, spots } = map, first = middleOne(map.colours[0]);
  const QUESTION = "Neighbours on the map" + (map.groups ? ", from different " + group + "s" : "") + ": do their pictures look alike, or only their " + map.colours[0].name + "? Guess, then point at a dot.";
  let kept, passing = -1, shown, question = "", waiting = 0, focused = false, seen = [];

  // ---- the parts of the page
  const [wideX, wideY] = [0, 1].map((q) => Math.max(...spots.map((s) => s[q])) || 1), wide = el.closest(".deck-part-live"), ratio = Math.max(0.6, Math.min(wide ? 0.66 : 1.05, wideY / wideX));
  const mapCanvas = h("canvas", { class: "dlm-map", tabindex: 0, role: "application", style: "aspect-ratio: 1 / " + ratio });
  const plane = createPlane(mapCanvas, { view: [0, 1, 0, 1], ratio, pad: [14, 14, 14, 14] });
  const picture = (widest) => h("canvas", { class: "dlm-picture", role: "img", width: columns, height: rows, style: "aspect-ratio: " + columns + " / " + rows + "; width: min(100%, " + Math.round((widest * columns) / rows) + "px)" });
  const big = picture(wide ? 200 : 300), caption = h("div"), sheet = new Image();
  const near = Array.from({ length: NEAR }, (_, k) => {
    const canvas = picture(110), value = h("b"), b = h("button", { type: "button", onclick: () => keep(map.near[now()][k]) }, canvas, h("span", {}, h("i", {}, String(k + 1)), value));
    canvas.removeAttribute("role");
    return { canvas, value, b };
  });
  const bar = h("div"), barLow = h("span"), barMiddle = h("span"), barHigh = h("span"), barNone = h("span", {}, h("i"), h("span")), legend = h("div", { class: "dlm-bar", role: "group" }, bar, barLow, barMiddle, barNone, barHigh);
  const status = h("div", { class: "dlm-status", role: "status", "aria-live": "polite" }), asked = h("div", { class: "dlm-question" });
  const numbers = facts({ one: "It differs from its three by", all: "All differ from theirs by", any: "Any two differ by" });
  const now = () => (passing >= 0 ? passing : kept);

  // ---- drawing
  function paint(canvas, i) {
    const ctx = canvas.getContext("2d");
    ctx.clearRect(0, 0, columns, rows);
    if (sheet.naturalWidth) ctx.drawImage(sheet, (i % across) * columns, Math.floor(i / across) * rows, columns, rows, 0, 0, columns, rows);
  }
  function draw() {
    waiting = 0;
    const ink = palette(el), { ctx } = plane, colour = map.colours[shown], ramp = RAMPS[el.dataset.scheme] ?? RAMPS.light, i = now(), three = map.near[i];
    plane.fit();
    const [left, top, width, height] = plane.frame(), scale = Math.min(width / wideX, height / wideY);
    plane.view = [(wideX - width / scale) / 2, (wideX + width / scale) / 2, (wideY - height / scale) / 2, (wideY + height / scale) / 2];
    seen = spots.map(plane.at);
    ctx.fillStyle = ink.plane; ctx.fillRect(0, 0, plane.width, plane.height);
    ctx.strokeStyle = ink.grid; ctx.lineWidth = 1; ctx.strokeRect(0.5, 0.5, plane.width - 1, plane.height - 1);
    const size = Math.max(3, Math.min(5.5, plane.width / 90)) * (map.count > 350 ? 0.85 : 1);
    const dot = ([x, y], k) => {
      const v = colour.values[k], known = Number.isFinite(v);
      ctx.strokeStyle = ink.muted;
      ctx.beginPath();
      ctx.arc(x, y, known ? size : size * 0.8, 0, 2 * Math.PI);
      if (known) { ctx.fillStyle = tone(ramp, colour.high > colour.low ? (v - colour.low) / (colour.high - colour.low) : 0.5); ctx.fill(); }
      ctx.lineWidth = known ? 0.8 : 1.3; ctx.stroke();
    };
    seen.forEach(dot);
    const marks = labelPlaces(seen[i], three.map((k) => seen[k]), [0, 0, plane.width, plane.height]), ring = ([x, y], r, colour, width) => { ctx.strokeStyle = colour; ctx.lineWidth = width; ctx.beginPath(); ctx.arc(x, y, r, 0, 2 * Math.PI); ctx.stroke(); };
    three.forEach((k, q) => { drawLine(ctx, seen[k], marks[q], ink.plane, { width: 3.5 }); drawLine(ctx, seen[k], marks[q], ink.minus, { width: 1.5 }); });
    for (const k of three) { dot(seen[k], k); ring(seen[k], size + 1, ink.minus, 2); }
    ring(seen[i], size + 3.5, ink.plane, 6); dot(seen[i], i); ring(seen[i], size + 4, ink.minus, 3.5);
    marks.forEach(([x, y], q) => {
      ctx.beginPath(); ctx.arc(x, y, MARK, 0, 2 * Math.PI);
      ctx.fillStyle = ink.minus; ctx.strokeStyle = ink.plane; ctx.lineWidth = 1.5; ctx.fill(); ctx.stroke();
      ctx.font = "600 " + ink.font; ctx.fillStyle = ink.ink; ctx.textAlign = "center"; ctx.textBaseline = "middle";
      ctx.fillText(String(q + 1), x, y + 0.5);
    });
    if (focused) drawText(ctx, "arrows: next dot", [plane.width / 2, plane.height - 10], ink, { colour: ink.muted });
    bar.style.background = "linear-gradient(to right, " + ramp.join(", ") + ")";
    paint(big, i);
    near.forEach(({ canvas }, q) => paint(canvas, three[q]));
  }
  const soon = () => { waiting ||= requestAnimationFrame(draw); };

  // ---- words
  const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };
  function tell() {
    const i = now(), colour = map.colours[shown], { values, digits, low, high, missing, name } = colour, say = (v) => inWords(v, digits), far = (v) => (Number.isFinite(v) ? say(v) : "\u2013");
    put(status, sentence(map, shown, i));
    put(asked, question || QUESTION);
    put(caption, describe(map, i));
    numbers.set({ one: far(colour.apart[i]), all: far(colour.mean), any: far(colour.any) });
    near.forEach(({ value, b }, k) => { put(value, say(values[map.near[i][k]])); b.setAttribute("aria-label", "Go to neighbour " + (k + 1) + ": " + named(map, map.near[i][k]) + ", " + numbersOf(map, map.near[i][k])); });
    big.setAttribute("aria-label", "The picture of " + named(map, i));
    mapCanvas.setAttribute("aria-label", "Map of " + map.count + " " + thing + "s, coloured by " + name + ". Arrow keys go to the next dot, 1, 2 and 3 to a neighbour, N and P to the next and the previous " + thing + (map.groups ? " of the " + group : "") + ", C to the next colour. " + describe(map, i));
    legend.setAttribute("aria-label", "Colours of " + name + ": from " + say(low) + " to " + say(high));
    put(barLow, say(low)); put(barMiddle, name); put(barHigh, say(high));
    barNone.hidden = !missing;
    put(barNone.lastChild, missing + " without");
    colourButtons.forEach((b, k) => b.setAttribute("aria-pressed", String(k === shown)));
  }
  const refresh = () => { tell(); soon(); };
  function keep(i, asking = question) {
    kept = i; passing = -1; question = asking;
    status.setAttribute("aria-live", "polite");
    refresh();
  }
  const colourBy = (k) => { shown = k; question = ""; refresh(); };

  // ---- the map: a mouse passes over dots, a click, a finger or a key keeps one
  const under = (event, reach) => dotAt(seen, plane.pointer(event), reach);
  mapCanvas.addEventListener("pointerdown", (event) => {
    const i = event.button ? -1 : under(event, REACH);
    if (i >= 0) keep(i);
  });
  mapCanvas.addEventListener("pointermove", (event) => {
    const finger = event.pointerType === "touch" || event.buttons, i = under(event, finger ? REACH : REACH / 2);
    if (i < 0 || i === now()) return;
    if (finger) return keep(i);
    passing = i;
    status.setAttribute("aria-live", "off");
    refresh();
  });
  mapCanvas.addEventListener("pointerleave", () => { if (passing >= 0) { passing = -1; refresh(); } });
  mapCanvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key, i = now();
    if (key in WAYS) keep(dotAhead(map, i, WAYS[key]));
    else if (+key >= 1 && +key <= NEAR) keep(map.near[i][key - 1]);
    else if (key === "n" || key === "p") keep(alongGroup(map, i, key === "n" ? 1 : -1));
    else if (key === "c") colourBy((shown + 1) % map.colours.length);
    else return;
    event.preventDefault();
  });
  for (const [name, on] of [["focus", true], ["blur", false]]) mapCanvas.addEventListener(name, () => { focused = on && mapCanvas.matches(":focus-visible"); soon(); });

  // ---- controls
  const colourButtons = map.colours.map(({ name }, k) => button(capital(name), () => colourBy(k), { "aria-pressed": "false" }));
  const four = "What do the four pictures have in common?";
  const tries = {
    "Highest": () => { const { name, values } = map.colours[shown]; keep(most(values), "The highest " + name + ". " + four + " Guess what the lowest one shows, then look."); },
    "Lowest": () => { const { name, values } = map.colours[shown]; keep(least(values), "The lowest " + name + ". " + four + " Compare with the highest."); },
    "Unlike its neighbours": () => { const { name, apart } = map.colours[shown]; keep(most(apart), "Nowhere do neighbours differ more in " + name + ". Do the pictures look alike all the same? Guess what a single picture doesn't show."); },
  };
  const keyboard = (text) => h("kbd", {}, text);
  const more = [
    "Each dot is one of " + map.count + " " + thing + "s, counted from 0. Its three neighbours, 1 to 3, are the nearest " + others(map) + (map.given ? ", as they were given with the map." : ", measured on the map.") + (map.groups ? " From the same " + group + " they would look alike anyway." : ""),
    "The numbers beside the pictures are mean differences: of this " + thing + " from its neighbours, of all " + thing + "s from theirs, and of any two" + (map.groups ? " from different " + group + "s" : "") + ". If nearness said nothing, the last two would be equal. The islands' shapes and large distances mean little.",
  ];
  const body = h("div", { class: "dlm-body" }, asked,
    h("div", { class: "dlm-row" }, h("span", {}, "Try this:"), ...Object.entries(tries).map(([name, act]) => button(name, act))),
    ...(map.colours.length > 1 ? [h("div", { class: "dlm-row", role: "group", "aria-label": "Colour" }, h("span", {}, "Colour:"), ...colourButtons)] : []),
    h("div", { class: "dlm-main dlm-atlas" },
      h("div", { class: "dlm-side" }, mapCanvas, legend),
      h("div", { class: "dlm-side" }, h("div", { class: "dlm-look" }, big, caption), ...(wide ? [numbers.el] : []), h("div", { class: "dlm-near", role: "group", "aria-label": "Its three neighbours" }, ...near.map(({ b }) => b)), ...(wide ? [] : [numbers.el]))),
    status,
    h("div", { class: "dlm-more" },
      h("details", {}, h("summary", {}, "What you see"), h("div", {}, ...more.map((text) => h("p", {}, text)), "Point at a dot to look, click it to keep it. On the map ", keyboard("arrows"), " go to the next dot, ", keyboard("1"), keyboard("2"), keyboard("3"), " to a neighbour, ", keyboard("N"), keyboard("P"), " to the next and the previous " + thing + (map.groups ? " of the " + group : "") + ", ", keyboard("C"), " to the next colour.")),
      linkButton(el, () => [[kept, shown]], (text) => { status.textContent = text; })));
  function start() {
    ({ kept, shown } = readChoice(model.get("shared"), map.count, map.colours.length) ?? { kept: first, shown: 0 });
    passing = -1; question = "";
    refresh();
  }
  if (wide) el.dataset.wide = "yes";
  el.append(h("style", {}, STYLE), body);
  adopt(el, soon);
  start();
  sheet.onload = () => { el.dataset.pictures = "ready"; soon(); };
  sheet.src = model.get("sheet");
  model.on("change:shared", start);
  keepSharp(mapCanvas, soon);
}

export default { render };

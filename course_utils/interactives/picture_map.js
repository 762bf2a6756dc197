// A map of pictures: moments as dots in the plane; point at one, and its picture stands beside those of its three nearest.

import { adopt, button, facts, h, linkButton } from "./runtime.js";
import { createPlane, drawLine, drawText, keepSharp, palette } from "./plot.js";
import { onceAFrame, onFocus, onKey } from "./canvas_events.js";
import {
  alongGroup, capital, describe, dotAhead, dotAt, inWords, labelPlaces, least, makeMap, MARK, middleOne, most, named, NEAR, numbersOf, others, REACH, readChoice, sentence, tone,
} from "./picture_neighbours.js";

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
  // on a phone the picture stays in sight below the map
  "@container (max-width: 560px) { .dlm-atlas > .dlm-side { display: contents; } .dlm-atlas { gap: 10px; } .dlm-look { grid-template-columns: minmax(0, 1.5fr) minmax(0, 1fr); gap: 10px; } .dlm-body > .dlm-status { min-height: 6.7em; } }",
  "@container (max-width: 480px) { .dlm-body > .dlm-status { min-height: 9.6em; } }",
  // on a slide: the map left, all that goes with it right
  "[data-wide=yes] .dlm-atlas { display: contents; }",
  "[data-wide=yes] .dlm-atlas > .dlm-side + .dlm-side { break-before: column; }",
  "[data-wide=yes] .dlm-atlas > .dlm-side { margin-bottom: 10px; break-inside: avoid; }",
  "[data-wide=yes] .dlm-side { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 10px 14px; align-items: center; }",
  "[data-wide=yes] :is(.dlm-map, .dlm-bar, .dlm-near) { grid-column: 1 / -1; }",
  "[data-wide=yes] > .dlm-body > .dlm-status { min-height: 6.7em; }",
  "[data-wide=yes] .dlm-near .dlm-picture { max-width: 120px; }",
].join("\n");

function render({ model, el }) {
  const map = makeMap({ places: model.get("places"), colours: model.get("colours"), groups: model.get("groups"), neighbours: model.get("neighbours"), words: model.get("words") });
  const [rows, columns] = model.get("size"), across = model.get("columns"), { thing, group, spots } = map, first = middleOne(map.colours[0]);
  const QUESTION = "Neighbours on the map" + (map.groups ? ", from different " + group + "s" : "") + ": do their pictures look alike, or only their " + map.colours[0].name + "? Guess, then point at a dot.";
  let kept, passing = -1, shown, question = "", focused = false, seen = [];

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
  const soon = onceAFrame(draw);

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
  onKey(mapCanvas, (key) => {
    const i = now();
    if (key in WAYS) keep(dotAhead(map, i, WAYS[key]));
    else if (+key >= 1 && +key <= NEAR) keep(map.near[i][key - 1]);
    else if (key === "n" || key === "p") keep(alongGroup(map, i, key === "n" ? 1 : -1));
    else if (key === "c") colourBy((shown + 1) % map.colours.length);
    else return false;
  });
  onFocus(mapCanvas, (on) => { focused = on; soon(); });

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

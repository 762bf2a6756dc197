// A generator's latent space: a pad over a map of digits, sliders along named directions, and a walk from one digit to another.

import { adopt, button, facts, h, linkButton, slider, words } from "./runtime.js";
import { createPlane, keepSharp, palette } from "./plot.js";
import { forwardAll, loadNetwork } from "./nn.js";
import { normal, seeded } from "./seeded.js";

const REACH = 3, MAP = 9, WAY = 9, FAR = 4, SIDE = 8;
const QUESTION = "Half way between two digits, does the generator show a digit, a mixture or noise? Guess, then walk.";
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

const STYLE = [
  ".dlm .dlm-pad { touch-action: none; }",
  ".dlm .dlm-digit { cursor: default; }",
  ".dlm-axes { display: grid; grid-template-columns: 1fr 1fr; gap: 8px; }",
  ".dlm-axes label { display: grid; gap: 1px; margin: 0; font-weight: 400; font-size: .87em; color: var(--muted); }",
  ".dlm select { font: inherit; color: var(--fg); background: var(--plane); border: 1px solid var(--edge); border-radius: 6px; padding: 3px 4px; margin: 0; min-height: 30px; width: 100%; }",
  ".dlm select:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }",
  ".dlm-way { display: grid; grid-template-columns: repeat(9, minmax(0, 1fr)); gap: 4px; }",
  ".dlm .dlm-way button { padding: 2px; min-height: 0; line-height: 0; }",
  ".dlm .dlm-way canvas { cursor: pointer; }",
  ".dlm-walk { display: grid; gap: 6px; border-top: 1px solid var(--grid); padding-top: 10px; }",
  ".dlm .dlm-walk .dlm-slider { grid-template-columns: 7.4em 1fr 6.4em; }",
  "@media (pointer: coarse) { .dlm select { min-height: 40px; } .dlm .dlm-way button { min-height: 40px; } }",
  "@container (max-width: 480px) { .dlm-way { grid-template-columns: repeat(5, minmax(0, 1fr)); } }",
].join("\n");

// ---- the pure part

/** The picture for a latent vector, 64 numbers from 0 (paper) to 1 (ink). */
export function pictureAt(net, z, low = 0) {
  return Array.from(forwardAll(net, z).at(-1).data, (v) => Math.max(0, Math.min(1, low < 0 ? (v + 1) / 2 : v)));
}
/** A latent vector as in training: normal, mean 0, spread 1. The same for the same seed and number. */
export function drawLatent(size, seed, count) {
  const r = seeded(seed * 7919 + count * 104729 + 1);
  return Array.from({ length: size }, () => normal(r));
}
export const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);
export const lengthOf = (z) => Math.hypot(...z);
/** The vector nearest to z that reaches p along u (and, with w, q along w). u and w have length 1. */
export function reachTo(z, u, p, w, q) {
  const a = p - dot(z, u);
  if (!w) return z.map((v, i) => v + a * u[i]);
  const c = dot(u, w), b = q - dot(z, w), det = 1 - c * c;
  if (det < 1e-3) return reachTo(z, u, p); // the axes point the same way
  const [s, t] = [(a - c * b) / det, (b - c * a) / det];
  return z.map((v, i) => v + s * u[i] + t * w[i]);
}
/** Between a and b: on the straight line, or turning evenly from one direction to the other (the length changes evenly too). */
export function between(a, b, t, turning = false) {
  const straight = a.map((v, i) => (1 - t) * v + t * b[i]);
  if (!turning) return straight;
  const [la, lb] = [lengthOf(a), lengthOf(b)], cosine = Math.max(-1, Math.min(1, dot(a, b) / (la * lb || 1))), angle = Math.acos(cosine);
  if (!(la && lb && angle > 1e-6 && angle < Math.PI - 1e-6)) return straight;
  const size = (1 - t) * la + t * lb, [p, q] = [Math.sin((1 - t) * angle), Math.sin(t * angle)].map((v) => (v / Math.sin(angle)) * size);
  return a.map((v, i) => (p * v) / la + (q * b[i]) / lb);
}
/** Of some latent vectors, the two whose pictures differ most. */
export function farApart(net, all, low = 0) {
  const pictures = all.map((z) => pictureAt(net, z, low));
  let best = [-1, 0, 1];
  pictures.forEach((p, i) => pictures.slice(0, i).forEach((q, k) => {
    const far = p.reduce((sum, v, n) => sum + (v - q[n]) ** 2, 0);
    if (far > best[0]) best = [far, k, i];
  }));
  return [all[best[1]], all[best[2]]];
}
/** How far the ink leans, in columns to the right per row upwards: the slope of the regression of column on row, weighted with ink. */
export function slantOf(picture) {
  const total = picture.reduce((a, b) => a + b, 0), mean = (f) => picture.reduce((sum, v, i) => sum + v * f(Math.floor(i / SIDE), i % SIDE), 0) / total;
  const row = mean((r) => r), column = mean((_, c) => c), rows = mean((r) => (r - row) ** 2);
  return total > 1e-6 && rows > 1e-6 ? -mean((r, c) => (r - row) * (c - column)) / rows : NaN;
}

/** A set-up from a link: [[axes, count, turning, t], z, A, B]; null if it is none. */
export function readPlace(state, size, axes) {
  const good = Array.isArray(state) && state.length === 4 && state.every((row) => Array.isArray(row) && row.every((v) => Number.isFinite(v) && Math.abs(v) < 1e6)) && state[0].length === 5
    && state.slice(1).every((row) => row.length === size && row.every((v) => Math.abs(v) <= 100));
  if (!good) return null;
  const [[across, up, count, turning, t], z, a, b] = state, whole = (v, most) => Number.isInteger(v) && v >= 0 && v <= most;
  return whole(across, axes - 1) && whole(up, axes - 1) && across !== up && whole(count, 1e6) && whole(turning, 1) && (t === -1 || (t >= 0 && t <= 1)) ? { across, up, count, turning: turning === 1, t, z, a, b } : null;
}

function render({ model, el }) {
  const net = loadNetwork(model.get("network")), size = net.input[0], low = model.get("low"), seed = model.get("seed"), directions = model.get("directions");
  const units = [...Array.from({ length: size }, (_, k) => Array.from({ length: size }, (_, i) => +(i === k))), ...directions.map(([, unit]) => { const far = lengthOf(unit); return unit.map((v) => v / far); })];
  const names = [...Array.from({ length: size }, (_, k) => "number " + (k + 1)), ...directions.map(([name]) => name)], typical = Math.sqrt(size);
  let z, a, b, t, turning, count, across, up, picture, question = "", note = "", drawnMap = "", drawnWay = "", waiting = 0, dragging = false;

  // ---- the parts of the page
  const digitCanvas = h("canvas", { class: "dlm-digit", role: "img" });
  const digit = createPlane(digitCanvas, { view: [0, SIDE, SIDE, 0], pad: [0, 0, 0, 0] });
  const padCanvas = h("canvas", { class: "dlm-pad", tabindex: 0, role: "application", "aria-label": "Pad over a map of digits. Drag the ring, or move it with the arrow keys; with Shift further; Home brings it to the middle." });
  const pad = createPlane(padCanvas, { view: [-REACH, REACH, -REACH, REACH], pad: [0, 0, 0, 0] });
  const map = h("canvas", { width: MAP * (SIDE + 1), height: MAP * (SIDE + 1) });
  const status = h("div", { class: "dlm-status", role: "status", "aria-live": "polite" });
  const asked = h("div", { class: "dlm-question" });
  const numbers = facts({ length: "Latent vector's length", ink: "Ink", slant: "Slant, columns a row" });

  // ---- drawing
  const stamp = h("canvas", { width: SIDE, height: SIDE });
  /** A picture of 8 by 8 pixels as large as wanted, without seams. */
  function cells(ctx, values, width, [ground, tone]) {
    const brush = stamp.getContext("2d"), image = brush.createImageData(SIDE, SIDE);
    values.forEach((v, i) => image.data.set([0, 1, 2].map((q) => ground[q] + v * (tone[q] - ground[q])).concat(255), 4 * i));
    brush.putImageData(image, 0, 0);
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(stamp, 0, 0, width, width);
  }
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  /** A digit for each of 9 by 9 places of the pad; drawn again only when the rest of the vector or the colours change. */
  function drawMap(ink) {
    const rest = reachTo(z, units[across], 0, units[up], 0), key = [across, up, ink.fg, ink.plane, ...rest.map((v) => v.toFixed(6))].join();
    if (key === drawnMap) return;
    drawnMap = key;
    const brush = map.getContext("2d"), wide = MAP * (SIDE + 1), image = brush.createImageData(wide, wide), [ground, tone] = [ink.plane, ink.fg].map(rgb);
    for (let k = 0; k < wide * wide; k++) image.data.set([...ground, 255], 4 * k);
    for (let r = 0; r < MAP; r++) for (let c = 0; c < MAP; c++) {
      const [x, y] = [c, MAP - 1 - r].map((k) => ((2 * k + 1) / MAP - 1) * REACH);
      pictureAt(net, reachTo(rest, units[across], x, units[up], y), low).forEach((v, i) => {
        const at = 4 * ((r * (SIDE + 1) + Math.floor(i / SIDE)) * wide + c * (SIDE + 1) + (i % SIDE));
        for (let q = 0; q < 3; q++) image.data[at + q] = ground[q] + 0.8 * v * (tone[q] - ground[q]);
      });
    }
    brush.putImageData(image, 0, 0);
  }
  const spot = () => [dot(z, units[across]), dot(z, units[up])];
  function drawPad(ink) {
    const { ctx } = pad;
    pad.fit();
    drawMap(ink);
    ctx.fillStyle = ink.plane; ctx.fillRect(0, 0, pad.width, pad.height);
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(map, 0, 0, pad.width, pad.height);
    ctx.strokeStyle = ink.accent; ctx.lineWidth = 1; ctx.globalAlpha = 0.6;
    ctx.beginPath(); ctx.moveTo(...pad.at([0, -REACH])); ctx.lineTo(...pad.at([0, REACH])); ctx.moveTo(...pad.at([-REACH, 0])); ctx.lineTo(...pad.at([REACH, 0])); ctx.stroke(); ctx.globalAlpha = 1;
    const inside = (v) => Math.max(-REACH * 0.97, Math.min(REACH * 0.97, v)), [x, y] = pad.at(spot().map(inside));
    for (const [colour, width] of [[ink.plane, 7], [ink.accent, 3.5]]) { ctx.strokeStyle = colour; ctx.lineWidth = width; ctx.beginPath(); ctx.arc(x, y, 13, 0, 2 * Math.PI); ctx.stroke(); }
    ctx.strokeStyle = ink.muted; ctx.lineWidth = 1; ctx.strokeRect(0.5, 0.5, pad.width - 1, pad.height - 1);
  }
  function draw() {
    waiting = 0;
    if (!picture) return;
    const ink = palette(el), tones = [ink.plane, ink.fg].map(rgb), key = [turning, ink.fg, ...a, ...b].join();
    digit.fit();
    cells(digit.ctx, picture, digit.width, tones);
    digit.ctx.strokeStyle = ink.muted; digit.ctx.lineWidth = 1; digit.ctx.strokeRect(0.5, 0.5, digit.width - 1, digit.width - 1);
    drawPad(ink);
    if (key === drawnWay) return;
    drawnWay = key;
    stops.forEach((stop, k) => cells(stop.firstChild.getContext("2d"), pictureAt(net, onTheWay(k / (WAY - 1)), low), 96, tones));
  }
  const soon = () => { waiting ||= requestAnimationFrame(draw); };
  const onTheWay = (part) => between(a, b, part, turning);

  // ---- words
  function leaning(slant) {
    if (!Number.isFinite(slant)) return "It has no ink to lean.";
    return Math.abs(slant) < 0.05 ? "It stands upright." : "It leans to the " + (slant > 0 ? "right" : "left") + ", by " + words(Math.abs(slant), 2) + " columns a row.";
  }
  function tell() {
    const far = lengthOf(z), slant = slantOf(picture), ink = picture.reduce((s, v) => s + v, 0) / 64;
    const where = far < 0.01 ? "The middle of the latent space, where all numbers are 0. " : far > 1.6 * typical ? "Far outside: the latent vector is " + words(far / typical, 2) + " times as long as usual. " : "";
    const walking = t < 0 ? "" : t === 0 ? "Digit A. " : t === 1 ? "Digit B. " : Math.round(100 * t) + " % of the way from A to B. ";
    status.textContent = note + walking + (where || "A digit from " + size + " random numbers; their vector is " + words(far, 2) + " long (usual: " + words(typical, 2) + "). ") + leaning(slant);
    asked.textContent = question || QUESTION;
    numbers.set({ length: words(far, 3), ink: Math.round(100 * ink) + " %", slant: Number.isFinite(slant) ? words(Math.abs(slant) < 0.005 ? 0 : slant, 2) : "\u2013" });
    digitCanvas.setAttribute("aria-label", "The generated digit: " + Math.round(100 * ink) + " % ink. " + leaning(slant));
    sliders.forEach((s, k) => s.set(Math.round(100 * Math.max(-FAR, Math.min(FAR, dot(z, units[size + k])))) / 100));
    walk.set(t < 0 ? walk.input.value : t);
    walk.input.setAttribute("aria-valuetext", t < 0 ? "not on the way" : walkText(t));
    walk.el.lastChild.textContent = t < 0 ? "off the way" : walkText(t);
    stops.forEach((s, k) => s.setAttribute("aria-pressed", String(t >= 0 && Math.abs(t - k / (WAY - 1)) < 1e-9)));
    [menuAcross.value, menuUp.value] = [across, up];
    turnBox.checked = turning;
  }
  function refresh() {
    picture = pictureAt(net, z, low);
    tell(); soon();
  }
  /** Go somewhere: any part of the state may be given. A place that is not said to be on the way is off it. */
  function go(next) {
    if (next.z && !("t" in next)) t = -1;
    ({ z, a, b, t, turning, count, across, up, note = "", question = question } = { z, a, b, t, turning, count, across, up, question, ...next });
    refresh();
  }

  // ---- the pad
  const bounded = (v) => Math.max(-REACH, Math.min(REACH, Math.round(1000 * v) / 1000));
  const put = ([x, y]) => go({ z: reachTo(z, units[across], bounded(x), units[up], bounded(y)) });
  padCanvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    dragging = event.pointerId;
    padCanvas.setPointerCapture(event.pointerId);
    padCanvas.toggleAttribute("data-drag", true);
    status.setAttribute("aria-live", "off");
    put(pad.world(pad.pointer(event)));
  });
  padCanvas.addEventListener("pointermove", (event) => { if (event.pointerId === dragging && !waiting) put(pad.world(pad.pointer(event))); });
  for (const end of ["pointerup", "pointercancel"]) padCanvas.addEventListener(end, (event) => {
    if (event.pointerId !== dragging) return;
    dragging = false;
    padCanvas.toggleAttribute("data-drag", false);
    status.setAttribute("aria-live", "polite");
    if (end === "pointerup") put(pad.world(pad.pointer(event)));
  });
  padCanvas.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  padCanvas.addEventListener("keydown", (event) => {
    const step = KEYS[event.key], far = event.shiftKey ? 0.5 : 0.1;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (step) put(spot().map((v, i) => v + far * step[i]));
    else if (event.key === "Home") put([0, 0]);
    else return;
    event.preventDefault();
  });

  // ---- controls
  const menu = (name, chosen) => {
    const e = h("select", {}, ...names.map((text, k) => h("option", { value: k }, text)));
    e.addEventListener("change", () => chosen(+e.value));
    return [e, h("label", {}, name, e)];
  };
  const [menuAcross, labelAcross] = menu("Across", (k) => go(k === up ? { across: k, up: across } : { across: k }));
  const [menuUp, labelUp] = menu("Up", (k) => go(k === across ? { up: k, across: up } : { up: k }));
  const sliders = directions.map(([name], k) => {
    const s = slider(name, { min: -FAR, max: FAR, step: 0.05, value: 0, show: (v) => words(v, 3) }, (v) => go({ z: reachTo(z, units[size + k], v) }));
    s.el.classList.add("dlm-wide");
    return s;
  });
  const walkText = (v) => (v === 0 ? "A" : v === 1 ? "B" : Math.round(100 * v) + " % to B");
  const walk = slider("From A to B", { min: 0, max: 1, step: 0.025, value: 0, show: walkText }, (v) => go({ z: onTheWay(v), t: v }));
  const stops = Array.from({ length: WAY }, (_, k) => h("button", { type: "button", "aria-label": k ? (k < WAY - 1 ? words((100 * k) / (WAY - 1), 3) + " % of the way" : "Digit B") : "Digit A", "aria-pressed": "false", onclick: () => go({ z: onTheWay(k / (WAY - 1)), t: k / (WAY - 1) }) }, h("canvas", { width: 96, height: 96 })));
  const turnBox = h("input", { type: "checkbox", onchange: () => go({ turning: turnBox.checked, ...(t >= 0 ? { z: between(a, b, t, turnBox.checked), t } : {}) }) });
  const newDigit = () => go({ count: count + 1, z: drawLatent(size, seed, count + 1), note: "A new draw. " });
  const [endA, endB] = farApart(net, Array.from({ length: 10 }, (_, k) => drawLatent(size, seed, k + 1)), low);
  const fresh = () => ({ z: drawLatent(size, seed, 0), a: endA, b: endB, t: -1, turning: false, count: 10, across: model.get("axes")[0], up: model.get("axes")[1] });
  const tries = {
    "Half way": () => { const { a, b } = fresh(); go({ a, b, turning: false, t: 0.5, z: between(a, b, 0.5), question: "You stand half way between A and B. At which step does one digit turn into the other? Guess, then walk." }); },
    "The middle": () => go({ z: new Array(size).fill(0), question: "All random numbers are 0. Does the average latent vector give the average digit? Look, then step a little aside." }),
    "Far out": () => { const z = drawLatent(size, seed, 0), far = (3 * typical) / lengthOf(z); go({ z: z.map((v) => v * far), question: "Three times as long as any vector of the training. Is the digit better, worse or the same? Compare with new digits." }); },
    ...Object.fromEntries(directions.slice(0, 1).map(([name]) => ["Only " + name, () => go({ z: reachTo(drawLatent(size, seed, 0), units[size], 0), across: size, up: up === size ? 0 : up, question: "Only " + name + " is at 0. Move its slider from end to end: what changes, and does the digit stay the same digit? Guess first." })])),
  };
  const state = () => { const cut = (row) => row.map((v) => Math.round(1000 * Math.max(-100, Math.min(100, v))) / 1000); return [[across, up, count, +turning, t], cut(z), cut(a), cut(b)]; };
  const about = "The generator runs here, in the page, on " + size + " numbers. The ring on the pad stands for the two that the pad moves (or for how far the vector reaches along a direction, whose length is 1), from \u2212" + REACH + " to " + REACH + "; behind it the digits of 9 \u00d7 9 places, with all other numbers as they are. "
    + "A slider of a direction shows and sets how far the vector reaches that way, and leaves the rest. Random vectors have lengths near \u221a" + size + " \u2248 " + words(typical, 2) + "; half way along a straight line they are shorter, turning keeps the length. Slant is the slope of the regression of column on row, weighted with ink. On the pad: ";
  el.append(h("style", {}, STYLE), h("div", { class: "dlm-body" }, asked,
    h("div", { class: "dlm-row" }, h("span", {}, "Try this:"), ...Object.entries(tries).map(([name, act]) => button(name, act))),
    h("div", { class: "dlm-row dlm-run" }, button("New digit", newDigit, { class: "dlm-first" }), button("Keep as A", () => go({ a: z, note: "Kept as A. ", ...(t >= 0 ? { t: 0 } : {}) })), button("Keep as B", () => go({ b: z, note: "Kept as B. ", ...(t >= 0 ? { t: 1 } : {}) })), button("Reset", () => go({ ...fresh(), question: "" }))),
    h("div", { class: "dlm-main dlm-even" },
      h("div", { class: "dlm-side" }, digitCanvas, numbers.el),
      h("div", { class: "dlm-side" }, padCanvas, h("div", { class: "dlm-axes" }, labelAcross, labelUp))),
    sliders.length ? h("div", {}, ...sliders.map((s) => s.el)) : "",
    status,
    h("div", { class: "dlm-walk" }, walk.el, h("div", { class: "dlm-way", role: "group", "aria-label": "The way from A to B" }, ...stops), h("label", { class: "dlm-check" }, turnBox, "Turn from A to B and keep the length")),
    h("div", { class: "dlm-more" },
      h("details", {}, h("summary", {}, "What you see"), h("div", {}, about, h("kbd", {}, "arrows"), " move the ring, with ", h("kbd", {}, "Shift"), " further; ", h("kbd", {}, "Home"), " brings it to the middle.")),
      linkButton(el, state, (text) => { status.textContent = text; }))));
  const begin = () => go({ ...(readPlace(model.get("shared"), size, units.length) ?? fresh()), question: "" });
  adopt(el, draw);
  begin();
  model.on("change:shared", begin);
  for (const canvas of [digitCanvas, padCanvas]) keepSharp(canvas, soon);
}

export default { render };

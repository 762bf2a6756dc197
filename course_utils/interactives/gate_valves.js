// An LSTM cell's three valves over a short sequence, set by hand: what is written, kept and shown, and how far the gradient reaches back.

import { adopt, button, facts, h, linkButton, slider, words } from "./runtime.js";
import { createPlane, drawAxes, drawLine, drawText, keepSharp, palette } from "./plot.js";
import { cell, plainUnit, readValves, SETUPS, timeConstant } from "./lstm_valves.js";
import { seeded } from "./seeded.js";

const ROWS = ["x", "i", "f", "o"], NAMES = { x: "bar", i: "written valve", f: "reset valve", o: "output valve" };
const SIDE = { x: "bars", i: "written i", f: "reset f", o: "output o" };
const HIGH = 262, BAR = 36, LINES = { x: 38, i: 110, f: 168, o: 226 }, REACH = 21; // pixels: heights of the rows, half a row
const QUESTION = "Which valves must be open, and when, so that the last output shows the first bar and nothing else? Guess, then set them.";
const ASKED = {
  "Remember the first bar": "One valve opens at the start, one row stays open, one valve opens at the end. Change other bars: what do they do to the last output? Guess first.",
  "Forget in the middle": "One closed reset valve. How far back does the gradient reach now? Guess, look below, then open it.",
  "Exponential average": "f = 0.8 and i = 0.2 everywhere. How many steps does it average over? Guess, then move the constant f.",
  "All half open": "A leak of one half at every step. What is left of the first bar after all of them? Guess, then look below.",
  "Plain RNN beside it": "The cell keeps the first bar. Which weight lets the plain RNN keep it too? Guess, then move its slider.",
};
const WHICH = [["The last memory", "of the last memory, by each memory"], ["The last output", "of the last output, by each bar"]];

const STYLE = [
  ".dlm .dlm-gates { aspect-ratio: auto; height: " + HIGH + "px; touch-action: none; cursor: pointer; }",
  ".dlm .dlm-strip { aspect-ratio: auto; height: 136px; cursor: default; }",
  ".dlm-lanes { display: grid; gap: 8px; min-width: 0; }",
  ".dlm-dials .dlm-slider.dlm-wide { grid-template-columns: 12.5em 1fr 3.6em; }",
  ".dlm-dials { display: grid; }",
  "@container (max-width: 480px) { .dlm .dlm-tight button { padding-inline: 2px; } .dlm-dials .dlm-slider.dlm-wide { grid-template-columns: 8.6em 1fr 2.6em; } }",
  "[data-wide=yes] .dlm-lanes { display: contents; }", // on a slide: the valves left, what follows from them right
  "[data-wide=yes] .dlm-strip { height: 120px; }",
  "[data-wide=yes] .dlm-lanes > * { break-inside: avoid; margin-bottom: 10px; }",
].join("\n");

const percent = (v) => (v > 0 && v < 0.001 ? "less than 0.1 %" : words(100 * v, 2) + " %");
const series = (steps) => (steps.length > 1 ? (steps.at(-1) - steps[0] === steps.length - 1 ? "bars " + (steps[0] + 1) + " to " + (steps.at(-1) + 1) : steps.length + " of the bars") : "bar " + (steps[0] + 1));

/** What one sees, in two or three sentences. */
export function situation(now) {
  const { byMemory, byInput, y } = cell(now), last = now.x.length - 1, heard = byInput.map((v, t) => [Math.abs(v), t]).filter(([v]) => v > 0.005).map(([, t]) => t);
  const loudest = byInput.reduce((best, v, t) => (Math.abs(v) > Math.abs(byInput[best]) ? t : best), 0);
  const says = now.o[last] === 0 ? "The last output valve is closed: nothing shows. "
    : !heard.length ? "No bar has a say in the last output. "
    : "The last output is " + words(y[last], 2) + " and hangs on " + series(heard) + (heard.length > 1 ? ", most on bar " + (loudest + 1) : " alone") + ". ";
  const kept = byMemory[0] === 0 ? "Of the first memory nothing is left at the end: a reset valve is closed." : "Of the first memory " + percent(byMemory[0]) + " is left at the end.";
  if (!now.rnn) return says + kept;
  const plain = Math.abs(plainUnit(now.x, now.u).byMemory[0]);
  return says + kept + " The plain RNN keeps " + percent(plain) + ".";
}

function render({ model, el }) {
  const given = { x: model.get("x"), ...SETUPS[model.get("setup")](model.get("x").length), ...(model.get("rnn") ? { rnn: true } : {}), u: model.get("weight"), which: 0 };
  const count = () => now.x.length;
  let now, spot = [1, 0], draws = 0, question = "", told = "", waiting = 0, dragging = null, active = false;

  // ---- the parts of the page
  const gates = h("canvas", { class: "dlm-gates", tabindex: 0, role: "application" });
  const course = h("canvas", { class: "dlm-strip", role: "img" });
  const slopes = h("canvas", { class: "dlm-strip", role: "img" });
  const status = h("div", { class: "dlm-status", role: "status", "aria-live": "polite" });
  const asked = h("div", { class: "dlm-question" });
  const numbers = facts({ memory: "Last memory c(T)", output: "Last output y(T)", kept: "dc(T)/dc(1)", time: "Time constant 1/(1 \u2212 f)", plain: "Plain RNN, dr(T)/dr(1)" });

  // ---- drawing
  const edge = (canvas) => (canvas.clientWidth < 480 ? 62 : 66);
  const plane = (canvas, low, high, top, bottom) => createPlane(canvas, { view: [0, count(), low, high], ratio: canvas.clientHeight / canvas.clientWidth || 0.4, pad: [edge(canvas), 8, top, bottom] });
  let board = null;
  /** A valve: a ring that is round when open and flat when closed, as Graves drew them. */
  function valve(ctx, ink, x, y, v, wide) {
    const r = Math.min(13, wide * 0.34);
    ctx.beginPath();
    ctx.ellipse(x, y, r + 2.5, Math.max(4, r * v + 2.5), 0, 0, 2 * Math.PI);
    ctx.fillStyle = ink.plane; ctx.fill();
    ctx.beginPath();
    if (v < 0.02) { ctx.moveTo(x - r, y); ctx.lineTo(x + r, y); }
    else ctx.ellipse(x, y, r, Math.max(1, r * v), 0, 0, 2 * Math.PI);
    ctx.strokeStyle = ink.accent; ctx.lineWidth = 2.6; ctx.stroke();
  }
  /** A pipe: as thick as what flows in it is large, blue above zero, orange below. */
  function pipe(ctx, ink, from, to, flow) {
    drawLine(ctx, from, to, ink.grid, { width: 1.2 });
    if (Math.abs(flow) > 0.005) drawLine(ctx, from, to, flow > 0 ? ink.plus : ink.minus, { width: 1.2 + 6 * Math.min(1.2, Math.abs(flow)) });
  }
  function drawGates(ink) {
    board = plane(gates, 0, 1, 0, 0);
    board.fit();
    const { ctx } = board, [fx, , fw] = board.frame(), wide = fw / count(), { c, y } = cell(now), at = (t) => board.x(t + 0.5);
    ctx.fillStyle = ink.plane; ctx.fillRect(fx, 0, fw, HIGH);
    ctx.font = ink.font; ctx.fillStyle = ink.fg; ctx.textAlign = "right"; ctx.textBaseline = "middle";
    for (const row of ROWS) ctx.fillText(SIDE[row], fx - 8, LINES[row]);
    drawLine(ctx, [fx, LINES.x], [fx + fw, LINES.x], ink.grid, { width: 1 });
    pipe(ctx, ink, [fx, LINES.f], [at(0), LINES.f], 0);
    for (let t = 0; t < count(); t++) {
      const x = at(t), base = LINES.x + BAR;
      pipe(ctx, ink, [x, base], [x, LINES.i], now.x[t]);
      pipe(ctx, ink, [x, LINES.i], [x, LINES.f], now.i[t] * now.x[t]);
      pipe(ctx, ink, [x, LINES.f], [x, LINES.o], c[t]);
      pipe(ctx, ink, [x, LINES.o], [x, HIGH], y[t]);
      pipe(ctx, ink, [x, LINES.f], [t + 1 < count() ? at(t + 1) : fx + fw, LINES.f], c[t]);
    }
    for (let t = 0; t < count(); t++) {
      const x = at(t), v = now.x[t], half = Math.min(14, wide * 0.36);
      ctx.fillStyle = v < 0 ? ink.minus : ink.plus;
      ctx.fillRect(x - half, LINES.x - Math.max(0, v) * BAR, 2 * half, Math.max(1.5, Math.abs(v) * BAR));
      for (const row of ["i", "f", "o"]) valve(ctx, ink, x, LINES[row], now[row][t], wide);
    }
    if (active || dragging) {
      const [row, t] = spot, reach = row ? REACH : BAR;
      ctx.strokeStyle = ink.fg; ctx.lineWidth = 1.5; ctx.setLineDash([3, 3]);
      ctx.strokeRect(at(t) - wide / 2 + 1, LINES[ROWS[row]] - reach - 1, wide - 2, 2 * reach + 2);
      ctx.setLineDash([]);
    }
  }
  const titled = (p, text, ink) => { const [fx, , fw] = p.frame(); drawText(p.ctx, text, [fx + fw / 2, 9], ink, { colour: ink.muted }); };
  const marks = (canvas) => Array.from({ length: count() }, (_, k) => k + 1).filter((k) => canvas.clientWidth >= 480 || k === 1 || k === count() || (k % 3 === 0 && k < count() - 1));
  function ground(p, canvas, ink) {
    drawAxes(p, ink, ["", ""], { xs: [] });
    const [, fy, , fh] = p.frame();
    p.ctx.fillStyle = ink.muted; p.ctx.textAlign = "center"; p.ctx.textBaseline = "top";
    for (const k of marks(canvas)) p.ctx.fillText(String(k), p.x(k - 0.5), fy + fh + 4);
  }
  function curve(p, values, colour, { width = 2.4, dash = [], square = false } = {}) {
    const { ctx } = p;
    ctx.beginPath();
    values.forEach((v, t) => ctx.lineTo(p.x(t + 0.5), p.y(v)));
    ctx.strokeStyle = colour; ctx.lineWidth = width; ctx.setLineDash(dash); ctx.lineJoin = "round"; ctx.stroke(); ctx.setLineDash([]);
    ctx.fillStyle = colour;
    values.forEach((v, t) => { ctx.beginPath(); if (square) ctx.rect(p.x(t + 0.5) - 3, p.y(v) - 3, 6, 6); else ctx.arc(p.x(t + 0.5), p.y(v), 3.2, 0, 2 * Math.PI); ctx.fill(); });
  }
  function drawCourse(ink) {
    const { c, y } = cell(now), r = now.rnn ? plainUnit(now.x, now.u).y : [], far = 1.08 * Math.max(1, ...[...c, ...y, ...r].map(Math.abs)), p = plane(course, -far, far, 20, 20);
    p.fit();
    ground(p, course, ink);
    if (now.rnn) curve(p, r, ink.minus, { width: 1.8, square: true });
    curve(p, y, ink.fg, { width: 1.8, dash: [5, 4] });
    curve(p, c, ink.plus);
    titled(p, now.rnn ? "memory c, output y, plain RNN r" : "memory c and output y", ink);
  }
  function drawSlopes(ink) {
    const key = now.which ? "byInput" : "byMemory", sets = [[cell(now)[key], ink.plus], ...(now.rnn ? [[plainUnit(now.x, now.u)[key], ink.minus]] : [])], seen = sets.flatMap(([values]) => values);
    const low = Math.min(0, ...seen), high = Math.max(1, ...seen), p = plane(slopes, low * 1.06, high * 1.06, 20, 20);
    p.fit();
    ground(p, slopes, ink);
    const [, , fw] = p.frame(), wide = Math.min(30, (0.72 * fw) / count()), one = wide / sets.length;
    sets.forEach(([values, colour], k) => values.forEach((v, t) => {
      const x = p.x(t + 0.5) - wide / 2 + k * one, y = p.y(v), zero = p.y(0);
      p.ctx.fillStyle = colour;
      p.ctx.fillRect(x, Math.min(y, zero), one - 1, Math.max(Math.abs(y - zero), 1.5));
    }));
    titled(p, now.which ? "dy(T)/dx(t)" + (now.rnn ? " and dr(T)/dx(t)" : "") : "dc(T)/dc(t)" + (now.rnn ? " and dr(T)/dr(t)" : ""), ink);
  }
  function draw() {
    waiting = 0;
    if (!now) return;
    const ink = palette(el);
    drawGates(ink);
    drawCourse(ink);
    drawSlopes(ink);
  }
  const soon = () => { waiting ||= requestAnimationFrame(draw); };

  // ---- words
  const valueWords = (row, v) => (row === "x" ? words(v, 2) : v === 0 ? "closed" : v === 1 ? "open" : words(v, 2) + " open");
  const here = () => "Step " + (spot[1] + 1) + ", " + NAMES[ROWS[spot[0]]] + ": " + valueWords(ROWS[spot[0]], now[ROWS[spot[0]]][spot[1]]) + ". ";
  function tell() {
    const { c, y, byMemory, byInput } = cell(now), plain = plainUnit(now.x, now.u), time = timeConstant(now.f), last = count() - 1, list = (values) => values.map((v) => words(v, 2)).join(", ");
    status.textContent = told + situation(now);
    asked.textContent = question || QUESTION;
    numbers.set({ memory: words(c[last]), output: words(y[last]), kept: words(byMemory[0], 2), time: Number.isNaN(time) ? "no constant f" : time === Infinity ? "never forgets" : words(time) + (time === 1 ? " step" : " steps"), plain: words(plain.byMemory[0], 2) });
    numbers.el.lastChild.hidden = !now.rnn;
    numbers.el.lastChild.style.display = now.rnn ? "" : "none";
    gates.setAttribute("aria-label", "Bars and valves of " + count() + " steps. Arrow keys choose, plus and minus change, o opens, c closes, h opens half, Enter turns round. " + here() + ROWS.map((row) => NAMES[row] + "s: " + list(now[row])).join("; ") + ".");
    course.setAttribute("aria-label", "Memory: " + list(c) + ". Output: " + list(y) + "." + (now.rnn ? " Plain RNN: " + list(plain.y) + "." : ""));
    slopes.setAttribute("aria-label", "Slopes " + WHICH[now.which][1] + ", from the first step to the last: " + list(now.which ? byInput : byMemory) + "." + (now.rnn ? " Plain RNN: " + list(now.which ? plain.byInput : plain.byMemory) + "." : ""));
    const constant = Number.isNaN(time) ? null : now.f[1];
    if (constant !== null) average.set(constant);
    weight.set(now.u);
    weight.el.style.display = now.rnn ? "" : "none";
    box.checked = now.rnn;
    plainMark.style.display = now.rnn ? "" : "none";
    chosen.forEach((b, k) => b.setAttribute("aria-pressed", String(k === now.which)));
  }
  function go(next, words = "") {
    now = { ...now, ...next };
    told = words;
    tell(); soon();
  }
  /** Set one bar or valve. */
  function put(row, t, v) {
    const name = ROWS[row], value = Math.round(100 * Math.max(row ? 0 : -1, Math.min(1, v))) / 100;
    spot = [row, t];
    now = { ...now, [name]: now[name].map((old, k) => (k === t ? value : old)) };
    go({}, here());
  }

  // ---- the valves under a finger
  function under(event) {
    const [px, py] = board.pointer(event), [fx, , fw] = board.frame(), t = Math.max(0, Math.min(count() - 1, Math.floor(((px - fx) / fw) * count())));
    const row = dragging ? dragging.row : py < LINES.x + BAR + 10 ? 0 : py < (LINES.i + LINES.f) / 2 ? 1 : py < (LINES.f + LINES.o) / 2 ? 2 : 3;
    return { row, t, px, py, value: row ? (LINES[ROWS[row]] + REACH - 3 - py) / (2 * REACH - 6) : (LINES.x - py) / BAR };
  }
  gates.addEventListener("pointerdown", (event) => {
    if (event.button || !board) return;
    const place = under(event);
    dragging = { id: event.pointerId, ...place, moved: false };
    gates.setPointerCapture(event.pointerId);
    status.setAttribute("aria-live", "off");
    spot = [place.row, place.t];
    if (!place.row) put(0, place.t, place.value);
    soon();
  });
  gates.addEventListener("pointermove", (event) => {
    if (event.pointerId !== dragging?.id) return;
    const place = under(event);
    dragging.moved ||= Math.hypot(place.px - dragging.px, place.py - dragging.py) > 5;
    if (dragging.moved) put(dragging.row, place.t, place.value);
  });
  for (const end of ["pointerup", "pointercancel"]) gates.addEventListener(end, (event) => {
    if (event.pointerId !== dragging?.id) return;
    const { row, t, moved } = dragging;
    dragging = null;
    status.setAttribute("aria-live", "polite");
    if (end === "pointerup" && row && !moved) put(row, t, now[ROWS[row]][t] >= 0.5 ? 0 : 1);
    soon();
  });
  gates.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  for (const [event, on] of [["focus", true], ["blur", false]]) gates.addEventListener(event, () => { active = on; soon(); });
  gates.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [row, t] = spot, v = now[ROWS[row]][t];
    const moves = { ArrowLeft: [row, Math.max(0, t - 1)], ArrowRight: [row, Math.min(count() - 1, t + 1)], ArrowUp: [Math.max(0, row - 1), t], ArrowDown: [Math.min(3, row + 1), t] };
    const changes = { "+": v + 0.1, "=": v + 0.1, "-": v - 0.1, o: 1, c: 0, h: 0.5, Enter: row ? (v >= 0.5 ? 0 : 1) : -v, " ": row ? (v >= 0.5 ? 0 : 1) : -v };
    if (moves[event.key]) { spot = moves[event.key]; go({}, here()); }
    else if (event.key in changes) put(row, t, changes[event.key]);
    else return;
    event.preventDefault();
  });

  // ---- controls
  const wide = (s) => { s.el.classList.add("dlm-wide"); return s; };
  const flat = (v) => new Array(count()).fill(v);
  const average = wide(slider("Constant f", { min: 0, max: 1, step: 0.01, value: 0.8, show: (v) => words(v, 2) }, (v) => go({ f: flat(v), i: flat(Math.round(100 * (1 - v)) / 100), o: flat(1) })));
  const weight = wide(slider("Plain RNN's weight u", { min: 0, max: 2, step: 0.05, value: 1, show: (v) => words(v, 3) }, (v) => go({ u: v })));
  const box = h("input", { type: "checkbox", onchange: () => go({ rnn: box.checked }) });
  const chosen = WHICH.map(([name, title], k) => button(name, () => go({ which: k }), { "aria-pressed": "false", title: "Slopes " + title }));
  const fresh = () => { const r = seeded(1000 + ++draws); go({ x: now.x.map(() => Math.round(20 * (2 * r() - 1)) / 20) }, "New bars. "); };
  const mark = (kind, text) => h("span", {}, h("i", { class: "dlm-" + kind }), text);
  const plainMark = mark("minus", "plain RNN");
  const about = "Each step has one bar x and three valves: a flat dash is closed, a round ring open. The written (input) valve i lets the bar into the memory, the reset (forget) valve f lets the memory through from the step before (closed, it empties it), the output valve o shows it: c(t) = f c(t\u22121) + i x and y(t) = o tanh(c). A trained LSTM computes its valves from bar and output; here you set them, and the slopes hold them still. "
    + "Pipes are as thick as what flows in them, blue above zero, orange below. The last memory changes with an earlier one by the product of the reset valves between them. The plain RNN is r(t) = tanh(u r(t\u22121) + x): its slopes are products of u (1 \u2212 r\u00b2). Tap a valve to turn it, drag it to open it part of the way, drag along a row to set many. With the valves in focus: ";
  const keys = [["arrows", " choose, "], ["+", " and "], ["\u2212", " change, "], ["o", " opens, "], ["c", " closes, "], ["h", " opens half, "], ["Enter", " turns a valve or a bar round."]].flatMap(([key, text]) => [h("kbd", {}, key), text]);
  const body = h("div", { class: "dlm-body" }, asked,
    h("div", { class: "dlm-row" }, h("span", {}, "Try this:"), ...Object.entries(SETUPS).map(([name, make]) => button(name, () => { question = ASKED[name]; go({ ...make(count()), x: given.x.length === count() ? given.x : now.x, which: 0 }); }))),
    h("div", { class: "dlm-row dlm-run dlm-tight" }, button("New bars", fresh), button("Open all", () => go({ i: flat(1), f: flat(1), o: flat(1) })), button("Close all", () => go({ i: flat(0), f: flat(0), o: flat(0) })), button("Reset", () => { question = ""; go({ ...given }); })),
    h("div", { class: "dlm-lanes" }, gates, course, slopes),
    h("div", { class: "dlm-legend" }, mark("plus", "memory"), h("span", {}, h("i", { style: "height:0;width:22px;border-top:2px dashed var(--fg)" }), "output"), plainMark),
    h("div", { class: "dlm-row" }, h("span", {}, "Slopes of:"), ...chosen),
    status, numbers.el,
    h("div", { class: "dlm-dials" }, average.el, h("label", { class: "dlm-check" }, box, "Show a plain RNN beside it"), weight.el),
    h("div", { class: "dlm-more" },
      h("details", {}, h("summary", {}, "What you see"), h("div", {}, about, ...keys)),
      linkButton(el, () => [[now.u, +now.rnn, now.which], now.x, now.i, now.f, now.o], (text) => { status.textContent = text; })));
  function begin() {
    question = "";
    now = {};
    go({ ...given, ...readValves(model.get("shared")) });
    spot = [Math.min(spot[0], 3), Math.min(spot[1], count() - 1)];
  }
  if (el.closest(".deck-part-live")) el.dataset.wide = "yes";
  el.append(h("style", {}, STYLE), body);
  adopt(el, draw);
  begin();
  model.on("change:shared", begin);
  for (const canvas of [gates, course, slopes]) keepSharp(canvas, soon);
}

export default { render };

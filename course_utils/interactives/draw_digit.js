// Draw a digit: the lecture's own network reads it stroke by stroke, and shows what each convolution makes of it.

import { adopt, button, h, linkButton, words } from "./runtime.js";
import { createPlane, keepSharp, palette } from "./plot.js";
import { classify, loadNetwork } from "./nn.js";
import { BLOCK, PEN, pictureOf, SIDE, thin } from "./digit_ink.js";

const round = (v) => Math.round(v * 100) / 100;
const curve = (cx, cy, rx, ry, from, to) => Array.from({ length: 13 }, (_, i) => {
  const t = ((from + ((to - from) * i) / 12) * Math.PI) / 180;
  return [round(cx + rx * Math.cos(t)), round(cy + ry * Math.sin(t))];
});
const THREE = [...curve(0.5, 0.33, 0.15, 0.15, -150, 85), ...curve(0.5, 0.64, 0.18, 0.17, -85, 150)];
const ZIGZAG = [[0.2, 0.3], [0.35, 0.75], [0.5, 0.25], [0.62, 0.75], [0.8, 0.3]];
const TRIES = {
  "A 3 to close": [[THREE], "Close the 3 on its left side, bit by bit. At which stroke does the answer change? Guess, then draw."],
  "Tiny, in a corner": [[THREE.map(([x, y]) => [round(0.72 + x / 4), round(0.7 + y / 4)])], "The same 3, a quarter as large. Will the network be less sure? Look at the picture that it sees."],
  "No digit at all": [[ZIGZAG], "A zigzag is no digit. Can the ten probabilities say so? What would have to change?"],
};
const QUESTION = "Can you draw a digit that you can read and the network can't? Guess what fools it, then try.";
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const STYLE = [
  ".dlm .dlm-paper { touch-action: none; border: 1px solid var(--edge); }",
  ".dlm-bars { display: grid; gap: 2px; }",
  ".dlm-bars > div { display: grid; grid-template-columns: 1.2em 1fr 5em; gap: 8px; align-items: center; line-height: 1.5; font-variant-numeric: tabular-nums; }",
  ".dlm-bars i { display: block; height: 13px; background: var(--soft); border-radius: 3px; overflow: hidden; }",
  ".dlm-bars i::before { content: ''; display: block; height: 100%; width: var(--share, 0%); background: var(--muted); border-radius: 3px; }",
  ".dlm-bars [data-best] { font-weight: 700; }",
  ".dlm-bars [data-best] i::before { background: var(--accent); }",
  ".dlm-bars span { text-align: right; white-space: nowrap; }",
  ".dlm .dlm-example { padding: 2px; min-height: 0; line-height: 0; }",
  ".dlm .dlm-example canvas { width: 36px; height: 36px; cursor: pointer; }",
  ".dlm-maps { display: grid; grid-template-columns: 92px minmax(0, 1fr); gap: 4px 14px; align-items: start; }",
  ".dlm-maps > div { font-size: .87em; color: var(--muted); display: grid; gap: 3px; }",
  ".dlm-maps > div + div { border-left: 1px solid var(--grid); padding-left: 12px; }",
  ".dlm .dlm-tiles { aspect-ratio: auto; cursor: default; border-radius: 0; }",
].join("\n");

/** A probability in words that never claims certainty. */
export const chanceText = (p) => (p > 0.999 ? "> 99.9 %" : p < 0.001 ? "< 0.1 %" : words(100 * p, p > 0.99 ? 3 : 2) + " %");

/** Strokes as whole hundredths, as many points as a link can carry, and back. */
export function packStrokes(strokes, most = 500) {
  let rows = strokes.map((stroke) => thin(stroke, 0.01));
  for (let step = 0.015; rows.flat().length > most && step < 1; step *= 1.5) rows = strokes.map((stroke) => thin(stroke, step));
  return rows.slice(0, most / 2).map((stroke) => stroke.flat().map((v) => Math.round(100 * v)));
}
export function unpackStrokes(rows) {
  const good = Array.isArray(rows) && rows.every((row) => Array.isArray(row) && row.length && row.length % 2 === 0 && row.every((v) => Number.isInteger(v) && v >= 0 && v <= 100));
  return good ? rows.map((row) => Array.from({ length: row.length / 2 }, (_, i) => [row[2 * i] / 100, row[2 * i + 1] / 100])) : null;
}

/** How many tiles stand in a row, and how large they are, so that `count` maps of `columns` pixels fit the width. */
export function tiling(count, columns, width) {
  const per = Math.max(1, Math.min(count, Math.floor(width / Math.max(30, Math.min(52, 6 * columns)))));
  const rows = Math.ceil(count / per), even = Math.ceil(count / rows);
  return { per: even, rows, tile: Math.min(56, Math.floor(width / even)) };
}

function render({ model, el }) {
  const net = loadNetwork(model.get("network")), examples = model.get("examples").map((text) => Array.from(text, (c) => parseInt(c, 17) / 16)), labels = model.get("labels");
  let strokes = [], example = -1, note = "", question = "", pen = [0.5, 0.5], penDown = false, keyed = false, seen, layers, chances, waiting = 0;

  const paperCanvas = h("canvas", { class: "dlm-paper", tabindex: 0, role: "application", "aria-label": "Paper to draw a digit on. Draw with the mouse or a finger. The arrow keys move a pen, Space lowers and lifts it, Backspace erases, the keys 0 to 9 show an example." });
  const paper = createPlane(paperCanvas, { view: [0, 1, 1, 0], pad: [0, 0, 0, 0] });
  const eyeCanvas = h("canvas", { role: "img" });
  const eye = createPlane(eyeCanvas, { view: [0, 1, 1, 0], pad: [0, 0, 0, 0] });
  const status = h("div", { class: "dlm-status", role: "status", "aria-live": "polite" });
  const asked = h("div", { class: "dlm-question" });
  const bars = Array.from({ length: 10 }, (_, digit) => h("div", {}, h("b", {}, String(digit)), h("i"), h("span")));
  const barBox = h("div", { class: "dlm-bars", role: "img" }, ...bars);

  // ---- what the network makes of it
  const shown = net.layers.map((layer, i) => i).filter((i) => net.layers[i].type === "conv");
  const tilesOf = shown.map((i, k) => {
    const canvas = h("canvas", { class: "dlm-tiles", role: "img" });
    return { i, canvas, caption: h("span"), name: "Convolution " + (k + 1) };
  });
  const blank = () => !strokes.length && example < 0;
  function think() {
    seen = pictureOf(strokes, examples[example]);
    ({ layers, chances } = classify(net, seen));
  }

  // ---- drawing
  const cellsOf = (ctx, values, side, [x, y, size], colour, most = 1) => {
    const step = size / side;
    ctx.fillStyle = colour;
    values.forEach((v, i) => {
      if (v <= 0) return;
      ctx.globalAlpha = Math.min(1, v / most);
      ctx.fillRect(x + (i % side) * step, y + Math.floor(i / side) * step, step + 0.3, step + 0.3);
    });
    ctx.globalAlpha = 1;
  };
  function drawPaper(ink) {
    const { ctx } = paper;
    paper.fit();
    const side = paper.width;
    ctx.fillStyle = ink.plane; ctx.fillRect(0, 0, side, side);
    if (example >= 0) cellsOf(ctx, examples[example], 8, [0, 0, side], ink.muted);
    ctx.strokeStyle = ctx.fillStyle = ink.fg; ctx.lineWidth = ((example < 0 ? 1 : 2) * PEN * side) / SIDE; // on an example, as wide as it counts
    ctx.lineCap = ctx.lineJoin = "round";
    for (const stroke of strokes) {
      ctx.beginPath(); ctx.moveTo(...paper.at(stroke[0]));
      for (const p of stroke.length > 1 ? stroke.slice(1) : stroke) ctx.lineTo(...paper.at(p));
      ctx.stroke();
    }
    if (blank()) {
      ctx.font = ink.font.replace("12px", "16px"); ctx.fillStyle = ink.muted; ctx.textAlign = "center"; ctx.textBaseline = "middle";
      ctx.fillText("Draw a digit here", side / 2, side / 2);
    }
    if (keyed && document.activeElement === paperCanvas) {
      const [x, y] = paper.at(pen);
      ctx.strokeStyle = ink.accent; ctx.lineWidth = 3;
      ctx.beginPath(); ctx.arc(x, y, 11, 0, 2 * Math.PI); ctx.stroke();
      if (penDown) { ctx.fillStyle = ink.accent; ctx.beginPath(); ctx.arc(x, y, 5, 0, 2 * Math.PI); ctx.fill(); }
    }
  }
  function drawEye(ink) {
    const { ctx } = eye;
    eye.fit();
    ctx.fillStyle = ink.plane; ctx.fillRect(0, 0, eye.width, eye.width);
    cellsOf(ctx, seen, 8, [0, 0, eye.width], ink.fg);
    ctx.strokeStyle = ink.grid; ctx.lineWidth = 1; ctx.strokeRect(0.5, 0.5, eye.width - 1, eye.width - 1);
  }
  function drawTiles(ink, { i, canvas }) {
    const { data, shape: [rows, columns, count] } = layers[i], width = canvas.parentElement?.clientWidth ? canvas.clientWidth || 300 : 300;
    const { per, rows: lines, tile } = tiling(count, columns, width), high = Math.round((tile * rows) / columns), step = (tile - 4) / columns;
    const box = { width, height: lines * high };
    canvas.style.height = box.height + "px";
    const sharp = Math.min(3, (globalThis.devicePixelRatio || 1) * Math.max(0.75, (canvas.getBoundingClientRect().width || width) / width));
    const [w, t] = [Math.round(box.width * sharp), Math.round(box.height * sharp)], ctx = canvas.getContext("2d");
    if (canvas.width !== w || canvas.height !== t) { canvas.width = w; canvas.height = t; }
    ctx.setTransform(w / box.width, 0, 0, t / box.height, 0, 0);
    ctx.clearRect(0, 0, box.width, box.height);
    let most = 1e-9;
    if (!blank()) for (const v of data) most = Math.max(most, Math.abs(v));
    for (let k = 0; k < count; k++) {
      const x = (k % per) * tile, y = Math.floor(k / per) * high;
      ctx.fillStyle = ink.plane; ctx.fillRect(x, y, tile - 4, high - 4);
      if (!blank()) for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) {
        const v = data[(r * columns + c) * count + k];
        if (!v) continue;
        ctx.fillStyle = v > 0 ? ink.plus : ink.minus; ctx.globalAlpha = Math.min(1, Math.abs(v) / most);
        ctx.fillRect(x + c * step, y + r * step, step + 0.3, step + 0.3);
      }
      ctx.globalAlpha = 1; ctx.strokeStyle = ink.grid; ctx.lineWidth = 1; ctx.strokeRect(x + 0.5, y + 0.5, tile - 5, high - 5);
    }
  }
  function draw() {
    waiting = 0;
    if (!seen) return;
    const ink = palette(el);
    drawPaper(ink); drawEye(ink);
    for (const tiles of tilesOf) drawTiles(ink, tiles);
  }
  const soon = () => { waiting ||= requestAnimationFrame(draw); };

  // ---- words
  function tell() {
    const order = chances.map((p, digit) => [p, digit]).sort((a, b) => b[0] - a[0]), [[p, best], [q, second]] = order, empty = blank();
    bars.forEach((bar, digit) => {
      bar.children[1].style.setProperty("--share", empty ? "0%" : 100 * chances[digit] + "%");
      bar.children[2].textContent = empty ? "" : chanceText(chances[digit]);
      bar.toggleAttribute("data-best", !empty && digit === best);
    });
    barBox.setAttribute("aria-label", empty ? "Probabilities of the ten digits: nothing is drawn yet." : "Probabilities: " + order.map(([c, digit]) => digit + ": " + chanceText(c)).join(", ") + ".");
    const named = example >= 0 && !strokes.length && labels ? (labels[example] === best ? " It is one." : " It is a " + labels[example] + ".") : "";
    const sure = p > 0.95 ? "The network reads a " : p > 0.6 ? "The network leans to a " : "The network is torn: a ";
    status.textContent = empty ? "The paper is empty. Draw a digit, or choose an example below." : note + sure + best + " (" + chanceText(p) + "), then a " + second + " (" + chanceText(q) + ")." + named;
    asked.textContent = question || QUESTION;
    const share = Math.round((100 * seen.reduce((a, b) => a + b, 0)) / 64);
    eyeCanvas.setAttribute("aria-label", empty ? "The picture that the network sees is empty." : "The 8 by 8 picture that the network sees: " + share + " % of it is ink.");
    for (const { i, canvas, caption, name } of tilesOf) {
      const { data, shape: [rows, columns, count] } = layers[i];
      const awake = Array.from({ length: count }, (_, k) => data.some((v, j) => j % count === k && Math.abs(v) > 1e-6)).filter(Boolean).length;
      caption.textContent = name + ": " + count + " maps of " + rows + " \u00d7 " + columns + (empty ? "" : ", " + awake + " of them active");
      canvas.setAttribute("aria-label", caption.textContent);
    }
    exampleButtons.forEach((b, k) => b.setAttribute("aria-pressed", String(k === example)));
    undoButton.disabled = !strokes.length; eraseButton.disabled = empty;
  }
  function refresh() { think(); tell(); soon(); }

  // ---- drawing with mouse, finger, keys
  const set = (next) => { ({ strokes = [], example = -1, note = "", question = "" } = next); penDown = false; refresh(); };
  const undo = () => { strokes = strokes.slice(0, -1); penDown = false; note = ""; refresh(); };
  const choose = (k) => set(k === example && !strokes.length ? {} : { example: k, note: "Example " + (labels ? "of a " + labels[k] : k + 1) + ". " });
  const inside = (p) => p.map((v) => Math.round(1000 * Math.max(0, Math.min(1, v))) / 1000);
  let drawing = false;
  const extend = (event) => {
    const events = event.getCoalescedEvents?.() ?? [], current = strokes.at(-1);
    for (const e of events.length ? events : [event]) {
      const p = inside(paper.world(paper.pointer(e)));
      if (Math.hypot(p[0] - current.at(-1)[0], p[1] - current.at(-1)[1]) > 0.008) current.push(p);
    }
  };
  const begin = (p) => { note = ""; if (strokes.length >= 40) strokes = strokes.slice(1); strokes = [...strokes, [p]]; };
  paperCanvas.addEventListener("pointerdown", (event) => {
    if (event.button || drawing) return;
    drawing = event.pointerId; keyed = penDown = false;
    paperCanvas.setPointerCapture(event.pointerId);
    status.setAttribute("aria-live", "off");
    begin(inside(paper.world(paper.pointer(event))));
    refresh();
  });
  paperCanvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== drawing) return;
    extend(event);
    if (!waiting) refresh(); // at most once a frame
  });
  for (const end of ["pointerup", "pointercancel"]) paperCanvas.addEventListener(end, (event) => {
    if (event.pointerId !== drawing) return;
    drawing = false;
    status.setAttribute("aria-live", "polite");
    refresh();
  });
  paperCanvas.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  paperCanvas.addEventListener("keydown", (event) => {
    const { key } = event, step = KEYS[key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (step) {
      const far = event.shiftKey ? 4 : 1;
      keyed = true;
      pen = inside(pen.map((v, i) => v + (step[i] * far) / SIDE));
      if (penDown) { strokes.at(-1).push(pen); refresh(); } else soon();
    } else if (key === " " || key === "Enter") {
      keyed = true; penDown = !penDown;
      if (penDown) begin(pen);
      refresh();
      status.textContent = "Pen " + (penDown ? "down. " : "up. ") + status.textContent;
    } else if (key === "Backspace" || key === "Delete") set({});
    else if (/^\d$/.test(key) && (labels ?? []).includes(+key)) choose(labels.indexOf(+key));
    else return;
    event.preventDefault();
  });
  for (const type of ["focus", "blur"]) paperCanvas.addEventListener(type, () => { keyed &&= type === "focus"; if (type === "blur") penDown = false; soon(); });

  // ---- controls
  const exampleButtons = examples.map((values, k) => {
    const canvas = h("canvas", { width: 72, height: 72 }), name = "Example " + (labels ? "of a " + labels[k] : k + 1);
    return h("button", { type: "button", class: "dlm-example", "aria-label": name, title: name, "aria-pressed": "false", onclick: () => choose(k) }, canvas);
  });
  function drawExamples() {
    const ink = palette(el);
    exampleButtons.forEach((b, k) => {
      const ctx = b.firstChild.getContext("2d");
      ctx.clearRect(0, 0, 72, 72);
      cellsOf(ctx, examples[k], 8, [0, 0, 72], ink.fg);
    });
  }
  const eraseButton = button("Erase", () => { set({}); paperCanvas.focus(); }), undoButton = button("Undo stroke", undo);
  const about = "The drawing is cropped, centred and drawn again with a pen of fixed width on " + SIDE + " \u00d7 " + SIDE + " pixels; the ink in each block of " + BLOCK + " \u00d7 " + BLOCK + " is counted. So the digits that taught the network were made. "
    + "A map shows where one kernel answers: blue above 0, orange below; all maps of a layer share one scale. Draw on an example to change it. With the keyboard: the ";
  el.append(h("style", {}, STYLE), h("div", { class: "dlm-body" }, asked,
    h("div", { class: "dlm-row" }, h("span", {}, "Try this:"), ...Object.entries(TRIES).map(([name, [lines, text]]) => button(name, () => set({ strokes: lines.map((line) => line.map((p) => [...p])), question: text })))),
    h("div", { class: "dlm-main dlm-even" },
      h("div", { class: "dlm-side" }, paperCanvas, h("div", { class: "dlm-row" }, eraseButton, undoButton)),
      h("div", { class: "dlm-side" }, barBox)),
    status,
    h("div", { class: "dlm-row" }, h("span", {}, "Examples:"), ...exampleButtons),
    h("div", { class: "dlm-maps" },
      h("div", {}, h("span", {}, "What it sees"), eyeCanvas),
      h("div", {}, ...(tilesOf.length ? tilesOf.flatMap(({ caption, canvas }) => [caption, canvas]) : ["This network has no convolution."]))),
    h("div", { class: "dlm-more" },
      h("details", {}, h("summary", {}, "What you see"), h("div", {}, about, h("kbd", {}, "arrows"), " move the pen, with ", h("kbd", {}, "Shift"), " further; ", h("kbd", {}, "Space"), " lowers and lifts it; ", h("kbd", {}, "Backspace"), " erases; ", h("kbd", {}, "0"), " to ", h("kbd", {}, "9"), " show an example.")),
      linkButton(el, () => [[example], ...packStrokes(strokes)], (text) => { status.textContent = text; }))));
  const start = () => {
    const [head, ...rows] = model.get("shared") ?? [], lines = unpackStrokes(rows);
    const good = Array.isArray(head) && head.length === 1 && Number.isInteger(head[0]) && head[0] >= -1 && head[0] < examples.length && lines;
    set(good ? { strokes: lines, example: head[0] } : {});
  };
  adopt(el, () => { drawExamples(); draw(); });
  start();
  model.on("change:shared", start);
  for (const canvas of [paperCanvas, eyeCanvas, ...tilesOf.map((tiles) => tiles.canvas)]) keepSharp(canvas, soon);
}

export default { render };

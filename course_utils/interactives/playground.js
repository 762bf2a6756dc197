// A network that trains in the page: every unit's picture, every weight's line, the loss of both halves of the data.

import { adopt, button, h, linkButton, reducedMotion, words } from "./runtime.js";
import { createPlane, drawAxes, drawMarker, drawText, keepSharp, palette } from "./plot.js";
import {
  ACTIVATIONS, contour, createNet, HALF, makeData, measure, MOST_LAYERS, MOST_UNITS, orderOf, PENALTIES, place, POINTS, readSetting, remember, SETS, startTraining, trainBatch, unitMaps,
} from "./playground_net.js";

const GRID = 48, TILE = 24, MOST_EPOCHS = 20000;
const NAMED = { circle: "Circle", xor: "XOR", gaussians: "Two clouds", spiral: "Spiral" };
const QUESTIONS = {
  circle: "How few hidden units fence in the blue circles? Guess, then try.",
  xor: "Which two lines part the circles from the squares? Guess, then run.",
  gaussians: "Does this need a hidden layer at all? Guess, then set the layers to 0 and run.",
  spiral: "How many units does it take to unroll two arms? Guess, then run.",
};
const TRIES = {
  "Two lines solve XOR": [{ set: "xor", hidden: [2], activation: "tanh", rate: 0.1, lines: true }, "Two units draw one line each. Where will the lines end up? Guess, then run."],
  "No non-linearity": [{ set: "circle", hidden: [4, 2], activation: "linear", rate: 0.03 }, "Three layers without a bend in them. What can they fence in? Guess, then run."],
  "Rate too high": [{ set: "circle", hidden: [4], activation: "tanh", rate: 10 }, "Learning rate 10. What will the loss curve look like? Guess, run, then choose 0.03."],
  "Spiral needs more": [{ set: "spiral", hidden: [4], activation: "tanh", rate: 0.1 }, "Four units get stuck here. Which layers reach 95 %? Guess, then build them."],
};
const RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10], STRENGTHS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1];
const BATCHES = [1, 5, 10, 20, 50, 100, 200], NOISES = [0, 0.25, 0.5, 0.75, 1, 1.5];
const PLAIN = { penalty: "none", strength: 0.003, batch: 10, noise: 0, lines: false };

const STYLE = [
  ".dlm-net { position: relative; overflow-x: auto; }",
  ".dlm-net > div { position: relative; }",
  ".dlm .dlm-net canvas { position: absolute; inset: 0; width: 100%; height: 100%; aspect-ratio: auto; cursor: default; }",
  ".dlm-net button.dlm-unit, .dlm-net .dlm-head { position: absolute; transform: translate(-50%, -50%); }",
  ".dlm .dlm-unit, .dlm .dlm-unit:hover { background: none; border: 0; padding: 0; min-height: 0; width: 40px; height: 40px; }",
  ".dlm .dlm-unit:hover { box-shadow: inset 0 0 0 2px var(--muted); }",
  ".dlm .dlm-unit[aria-pressed=true] { box-shadow: inset 0 0 0 3px var(--accent); }",
  ".dlm-head { transform: translate(-50%, 0) !important; font-size: .82em; color: var(--muted); white-space: nowrap; }",
  ".dlm select { font: inherit; color: var(--fg); background: var(--plane); border: 1px solid var(--edge); border-radius: 6px; padding: 3px 4px; margin: 0; min-height: 30px; width: 100%; }",
  ".dlm select:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }",
  ".dlm-head select { width: auto; min-width: 46px; }",
  ".dlm-settings { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 10px 8px; align-content: center; }",
  ".dlm-settings label { display: grid; gap: 1px; margin: 0; font-weight: 400; font-size: .87em; color: var(--muted); }",
  ".dlm .dlm-set { padding: 2px; min-height: 0; line-height: 0; }",
  ".dlm .dlm-set canvas { width: 46px; height: 46px; cursor: pointer; }",
  ".dlm .dlm-curve { aspect-ratio: 5 / 2; cursor: default; }",
  ".dlm-seen { font-size: .87em; color: var(--muted); min-height: 2.9em; }",
  ".dlm-noise { display: grid; margin: 0 0 0 auto; font-weight: 400; font-size: .87em; color: var(--muted); }",
  "@media (pointer: coarse) { .dlm select { min-height: 40px; } }",
].join("\n");

const percent = (share) => (share > 0.995 && share < 1 ? "more than 99 %" : Math.round(100 * share) + " %");
const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

function render({ model, el }) {
  const given = Object.fromEntries(["set", "hidden", "activation", "rate", "penalty", "strength", "batch", "noise", "seed"].map((name) => [name, model.get(name)]));
  let now, net, training, train, test, history, scores, note = "", question = "", running = 0, picked = null, looked = null, spot = [1, 0], marked = [], told = 0;
  let showTest = false, dots = null;

  // ---- the parts of the page
  const netCanvas = h("canvas", { "aria-hidden": "true" });
  const overlay = h("div");
  const netBox = h("div", { class: "dlm-net", role: "group", "aria-label": "The network. Each picture is one unit's output over the plane; press one to see it large. The arrow keys go from unit to unit." }, overlay);
  const bigCanvas = h("canvas", { role: "img", style: "cursor:default" });
  const big = createPlane(bigCanvas, { view: [-HALF, HALF, -HALF, HALF], pad: [24, 6, 6, 22] });
  const curveCanvas = h("canvas", { class: "dlm-curve", role: "img", "aria-label": "Loss in nats after each epoch, solid for training, dashed for the test." });
  const curve = createPlane(curveCanvas, { view: [0, 10, 0, 1], ratio: 0.4, pad: [34, 18, 8, 22] });
  const status = h("div", { class: "dlm-status", role: "status", "aria-live": "polite" });
  const asked = h("div", { class: "dlm-question" });
  const seen = h("div", { class: "dlm-seen" });
  const inWords = h("div");
  const cells = h("canvas", { width: GRID, height: GRID }), tiles = h("canvas", { width: TILE, height: TILE });

  // ---- the network on the page
  const unitAt = (l, j) => net.first[l] + j;
  const layerOf = (unit) => { let l = net.sizes.length - 1; while (net.first[l] > unit) l--; return [l, unit - net.first[l]]; };
  const coarse = () => matchMedia("(pointer: coarse)").matches;
  function layout() {
    const columns = net.sizes.length, most = Math.max(...net.sizes), pitch = coarse() ? 46 : 43, head = 40;
    const width = Math.max(netBox.clientWidth || 400, columns * 55), height = Math.max(324, head + most * pitch);
    const middle = head + (height - head) / 2;
    const at = net.sizes.map((count, l) => Array.from({ length: count }, (_, j) => {
      const gap = Math.min(64, (height - head) / count);
      return [((l + 0.5) / columns) * width, middle + (j - (count - 1) / 2) * gap];
    }));
    return { width, height, at };
  }
  const unitName = (l, j) => (l === 0 ? "Input x" + "\u2081\u2082"[j] : l === net.sizes.length - 1 ? "Output" : "Layer " + l + ", unit " + (j + 1));
  let plan, units = [];
  function build() {
    plan = layout();
    overlay.style.cssText = "width:" + plan.width + "px;height:" + plan.height + "px";
    units = plan.at.flatMap((column, l) => column.map(([x, y], j) => {
      const unit = unitAt(l, j);
      const b = button("", () => { spot = [l, j]; picked = picked === unit ? null : unit; looked = null; refresh(); }, { class: "dlm-unit", style: "left:" + x + "px;top:" + y + "px", "aria-label": unitName(l, j), "aria-pressed": "false", tabindex: -1 });
      b.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") { looked = unit; show(); } });
      b.addEventListener("pointerleave", () => { if (looked === unit) { looked = null; show(); } });
      b.addEventListener("focus", () => { spot = [l, j]; stops(); });
      return b;
    }));
    const heads = plan.at.map(([[x]], l) => {
      const hidden = l > 0 && l < net.sizes.length - 1;
      const inner = hidden ? select("Units in layer " + l, Array.from({ length: MOST_UNITS }, (_, i) => i + 1), net.sizes[l], (v) => change({ hidden: now.hidden.map((n, i) => (i === l - 1 ? v : n)) }, { keep: "head" + l })) : l ? "Output" : "Inputs";
      if (hidden) inner.dataset.keep = "head" + l;
      return h("div", { class: "dlm-head", style: "left:" + x + "px;top:" + (hidden ? 0 : 6) + "px" }, inner);
    });
    overlay.replaceChildren(netCanvas, ...heads, ...units);
    stops();
  }
  function stops() {
    spot = [Math.min(spot[0], net.sizes.length - 1), spot[1]];
    spot[1] = Math.min(spot[1], net.sizes[spot[0]] - 1);
    units.forEach((b, unit) => { b.tabIndex = unit === unitAt(...spot) ? 0 : -1; });
  }
  netBox.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step || event.target.tagName !== "BUTTON") return;
    event.preventDefault();
    event.stopPropagation(); // in a deck, arrows on a button turn the slide
    const l = Math.max(0, Math.min(net.sizes.length - 1, spot[0] + step[0]));
    spot = [l, Math.max(0, Math.min(net.sizes[l] - 1, spot[1] + step[1]))];
    units[unitAt(...spot)].focus();
  });

  // ---- drawing
  const size = (canvas, width, height) => {
    const sharp = Math.min(running ? 2 : 3, (globalThis.devicePixelRatio || 1) * Math.max(0.75, (canvas.getBoundingClientRect().width || width) / width));
    const [w, t] = [Math.round(width * sharp), Math.round(height * sharp)], ctx = canvas.getContext("2d");
    if (canvas.width !== w || canvas.height !== t) { canvas.width = w; canvas.height = t; }
    ctx.setTransform(w / width, 0, 0, t / height, 0, 0);
    ctx.clearRect(0, 0, width, height);
    return ctx;
  };
  /** Where a unit is neither blue nor orange, and how far from there its full colour lies. */
  function scaleOf(unit, map) {
    const [l] = layerOf(unit), last = net.sizes.length - 1;
    if (l === last || (l && now.activation === "sigmoid")) return [0.5, 0.5];
    if (l && now.activation === "tanh") return [0, 1];
    let most = 1e-9;
    for (const v of map) if (Math.abs(v) > most) most = Math.abs(v);
    return [0, most];
  }
  function paint(image, map, [zero, far], side, tones, left = 0) {
    const { data, width } = image, skip = GRID / side, [ground, plus, minus] = tones;
    for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) {
      const v = (map[y * skip * GRID + x * skip] - zero) / far, tone = v > 0 ? plus : minus, q = Math.min(1, Math.abs(v)) * 0.5, k = 4 * (y * width + left + x);
      data[k] = ground[0] + q * (tone[0] - ground[0]);
      data[k + 1] = ground[1] + q * (tone[1] - ground[1]);
      data[k + 2] = ground[2] + q * (tone[2] - ground[2]);
      data[k + 3] = 255;
    }
  }
  function drawNet(ink, maps, tones) {
    const ctx = size(netCanvas, plan.width, plan.height), last = net.sizes.length - 1, radius = 17;
    ctx.lineCap = "butt";
    for (let l = 1; l <= last; l++) for (let j = 0; j < net.sizes[l]; j++) for (let i = 0; i < net.sizes[l - 1]; i++) {
      const w = net.weights[place(net, l, j) + i], [x0, y0] = plan.at[l - 1][i], [x1, y1] = plan.at[l][j], half = (x1 - x0) / 2;
      if (!w) continue;
      const thick = Math.min(9, 0.4 + 2.2 * Math.abs(w));
      ctx.strokeStyle = w > 0 ? ink.plus : ink.minus; ctx.lineWidth = thick;
      ctx.setLineDash(w > 0 ? [] : [3.5 + thick, 3 + thick / 2]);
      ctx.globalAlpha = Math.min(1, 0.35 + Math.abs(w) / 2);
      ctx.beginPath(); ctx.moveTo(x0 + radius, y0); ctx.bezierCurveTo(x0 + half, y0, x1 - half, y1, x1 - radius, y1); ctx.stroke();
    }
    ctx.setLineDash([]); ctx.globalAlpha = 1;
    if (tiles.width !== TILE * net.units) tiles.width = TILE * net.units;
    const brush = tiles.getContext("2d"), image = brush.createImageData(TILE * net.units, TILE);
    maps.forEach((map, unit) => paint(image, map, scaleOf(unit, map), TILE, tones, TILE * unit));
    brush.putImageData(image, 0, 0);
    plan.at.flat().forEach(([x, y], unit) => {
      ctx.drawImage(tiles, TILE * unit, 0, TILE, TILE, x - radius, y - radius, 2 * radius, 2 * radius);
      ctx.strokeStyle = ink.muted; ctx.lineWidth = 1;
      ctx.strokeRect(x - radius, y - radius, 2 * radius, 2 * radius);
    });
    ["x\u2081", "x\u2082"].forEach((text, i) => drawText(ctx, text, plan.at[0][i], ink, { weight: "600 " }));
  }
  /** The points change seldom: they are drawn once and then laid over each new picture. */
  function pointsLayer(ink) {
    const key = [big.width, bigCanvas.width, ink.plus, ink.plane, showTest, marked.length && training.epoch + ":" + training.next].join();
    if (dots?.key === key && dots.rows === train) return dots.canvas;
    const canvas = h("canvas", { width: bigCanvas.width, height: bigCanvas.height }), ctx = canvas.getContext("2d");
    ctx.setTransform(bigCanvas.width / big.width, 0, 0, bigCanvas.height / big.height, 0, 0);
    const each = (rows, draw) => { for (let e = 0; e < rows.length; e += 3) draw(big.at([rows[e], rows[e + 1]]), rows[e + 2] ? 1 : -1); };
    each(train, (at, label) => drawMarker(ctx, at, label, ink, { radius: 3.6 }));
    if (showTest) each(test, ([x, y], label) => {
      ctx.beginPath();
      if (label > 0) ctx.arc(x, y, 3.4, 0, 2 * Math.PI); else ctx.rect(x - 3, y - 3, 6, 6);
      ctx.fillStyle = ink.plane; ctx.strokeStyle = label > 0 ? ink.plus : ink.minus; ctx.lineWidth = 1.8; ctx.fill(); ctx.stroke();
    });
    ctx.strokeStyle = ink.fg; ctx.lineWidth = 2;
    for (const e of marked) { const [x, y] = big.at([train[3 * e], train[3 * e + 1]]); ctx.beginPath(); ctx.arc(x, y, 7, 0, 2 * Math.PI); ctx.stroke(); }
    dots = { key, canvas, rows: train };
    return canvas;
  }
  const inLarge = () => looked ?? picked ?? net.units - 1;
  function drawBig(ink, maps, tones) {
    const { ctx } = big, unit = inLarge(), map = maps[unit], brush = cells.getContext("2d"), image = brush.createImageData(GRID, GRID), scale = scaleOf(unit, map);
    big.fit();
    drawAxes(big, ink, ["", ""], { xs: [-4, 0, 4], ys: [-4, 0, 4] });
    paint(image, map, scale, GRID, tones);
    brush.putImageData(image, 0, 0);
    const [fx, fy, fw, fh] = big.frame();
    ctx.drawImage(cells, fx, fy, fw, fh);
    const line = (from, level, width, dash) => {
      ctx.beginPath();
      for (const [x0, y0, x1, y1] of contour(from, GRID, level)) {
        ctx.moveTo(fx + ((x0 + 0.5) / GRID) * fw, fy + ((y0 + 0.5) / GRID) * fh);
        ctx.lineTo(fx + ((x1 + 0.5) / GRID) * fw, fy + ((y1 + 0.5) / GRID) * fh);
      }
      ctx.strokeStyle = ink.fg; ctx.lineWidth = width; ctx.setLineDash(dash); ctx.stroke(); ctx.setLineDash([]);
    };
    if (unit > 1) line(map, now.activation === "relu" && unit < net.units - 1 ? 1e-6 : scale[0], 2, []);
    if (now.lines && net.sizes.length > 2) for (let j = 0; j < net.sizes[1]; j++) firstLine(ctx, ink, j);
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.drawImage(pointsLayer(ink), 0, 0);
  }
  /** Where the weighted sum of a unit of the first layer is 0: always a straight line. */
  function firstLine(ctx, ink, j) {
    const k = place(net, 1, j), [w0, w1, b] = net.weights.subarray(k, k + 3), size = Math.hypot(w0, w1);
    if (size < 1e-9) return;
    const [x, y] = [(-b * w0) / size ** 2, (-b * w1) / size ** 2], [dx, dy] = [(-w1 / size) * 20, (w0 / size) * 20];
    big.clip(() => {
      ctx.beginPath(); ctx.moveTo(...big.at([x - dx, y - dy])); ctx.lineTo(...big.at([x + dx, y + dy]));
      ctx.strokeStyle = ink.accent; ctx.lineWidth = 2.5; ctx.setLineDash([7, 4]); ctx.stroke(); ctx.setLineDash([]);
    });
  }
  function drawCurve(ink) {
    const { ctx } = curve, [epochs, ...losses] = history, most = Math.max(0.75, ...losses.flat().filter(Number.isFinite));
    curve.view = [0, Math.max(10, epochs.at(-1) ?? 0), 0, Math.min(most * 1.08, 6)];
    curve.fit();
    drawAxes(curve, ink, ["", ""], {});
    curve.clip(() => losses.forEach((values, i) => {
      ctx.beginPath();
      values.forEach((v, k) => ctx.lineTo(...curve.at([epochs[k], v])));
      ctx.strokeStyle = i ? ink.fg : ink.accent; ctx.lineWidth = i ? 1.6 : 2.6; ctx.setLineDash(i ? [5, 4] : []); ctx.stroke(); ctx.setLineDash([]);
    }));
    const [fx, fy, fw] = curve.frame();
    drawText(ctx, "loss (nats) over epochs", [fx + fw - 74, fy + 10], ink, { colour: ink.muted });
  }
  function show() {
    if (!net || !plan) return;
    const ink = palette(el), tones = [ink.plane, ink.plus, ink.minus].map(rgb), maps = unitMaps(net, GRID);
    drawNet(ink, maps, tones);
    drawBig(ink, maps, tones);
    drawCurve(ink);
    const unit = inLarge();
    if (seen.dataset.unit !== String(unit) || !running) { seen.dataset.unit = unit; seen.textContent = caption(unit); }
  }

  // ---- words
  function sumOf(l, j) {
    const k = place(net, l, j), n = net.sizes[l - 1], of = (i) => (l === 1 ? "x" + "\u2081\u2082"[i] : "unit " + (i + 1));
    const terms = Array.from(net.weights.subarray(k, k + n), (w, i) => [w, " \u00b7 " + of(i)]);
    return [...terms, [net.weights[k + n], ""]].map(([w, of], i) => (i ? (w < 0 ? " \u2212 " : " + ") + words(Math.abs(w), 2) : words(w, 2)) + of).join("");
  }
  function caption(unit) {
    const [l, j] = layerOf(unit), last = net.sizes.length - 1;
    if (l === last) return "Output: blue where it says +1, orange where \u22121. On the line each has one half.";
    if (l === 0) return unitName(l, j) + ", as it comes in.";
    return unitName(l, j) + ": " + (now.activation === "linear" ? "" : now.activation + " of ") + (net.sizes[l - 1] > 4 ? net.sizes[l - 1] + " weighted units and a bias" : sumOf(l, j)) + ".";
  }
  function situation() {
    if (!Number.isFinite(scores[0].loss)) return "The weights have grown past every number: this learning rate is too high. Reset, then choose a lower one.";
    const [a, b] = scores, at = training.epoch ? "After " + training.epoch + " epoch" + (training.epoch === 1 ? "" : "s") : training.next ? "In the first epoch" : "Before training";
    return at + ": loss " + words(a.loss, 2) + " nats in training, " + words(b.loss, 2) + " in the test; " + percent(a.right) + " and " + percent(b.right) + " of the points right."
      + (training.epoch || training.next ? "" : " A coin has 0.69 nats.");
  }
  function describe() {
    const rows = [];
    for (let l = 1; l < net.sizes.length; l++) for (let j = 0; j < net.sizes[l]; j++) rows.push(h("div", {}, unitName(l, j) + ": " + sumOf(l, j)));
    return rows;
  }
  function tell() {
    status.textContent = note + situation();
    asked.textContent = question || QUESTIONS[now.set];
    bigCanvas.setAttribute("aria-label", "Plane of both inputs from \u22126 to 6 with the data. " + caption(inLarge()));
  }
  function refresh() {
    units.forEach((b, unit) => b.setAttribute("aria-pressed", String(unit === picked)));
    for (const [name, b] of Object.entries(setButtons)) b.setAttribute("aria-pressed", String(name === now.set));
    for (const [name, set] of Object.entries(menus)) set(name === "layers" ? now.hidden.length : now[name]);
    menus.strength.el.disabled = now.penalty === "none";
    runButton.textContent = running ? "Pause" : "Run";
    linesBox.checked = now.lines; linesBox.disabled = !now.hidden.length;
    if (!running) { tell(); if (wordsBox.open) inWords.replaceChildren(...describe()); }
    show();
  }

  // ---- training
  const score = () => { scores = [measure(net, train), measure(net, test)]; };
  const log = () => { score(); remember(history, training.epoch, scores[0].loss, scores[1].loss); };
  function restart() {
    stop();
    net = createNet(now.hidden, now.activation, now.seed + now.start);
    training = startTraining(net, train, now.seed);
    history = [[], [], []]; marked = [];
    if (picked >= net.units) picked = null;
    looked = null;
    log();
    build();
  }
  function load(setting, { keep = "" } = {}) {
    const { set, noise, seed } = now ?? {};
    now = { ...now, ...setting };
    if (now.set !== set || now.noise !== noise || now.seed !== seed) { train = makeData(now.set, now.noise, 2 * now.seed); test = makeData(now.set, now.noise, 2 * now.seed + 1); }
    restart();
    refresh();
    if (keep) overlay.querySelector('[data-keep="' + keep + '"]')?.focus();
  }
  /** A change of the network or its data starts afresh; a change of how it learns takes effect at once. */
  function change(setting, options) {
    note = "";
    if ("set" in setting) question = "";
    if (["set", "noise", "hidden", "activation", "start"].some((name) => name in setting)) { picked = null; return load(setting, options); }
    now = { ...now, ...setting };
    refresh();
  }
  const broken = () => !Number.isFinite(scores[0].loss) || training.epoch >= MOST_EPOCHS;
  function stop() {
    running = 0;
    status.setAttribute("aria-live", "polite");
  }
  function oneBatch() {
    stop();
    marked = Array.from(training.order.subarray(training.next, training.next + now.batch));
    const size = marked.length, before = trainBatch(training, now);
    log();
    note = "One step on " + (size === 1 ? "the ringed point" : "the " + size + " ringed points") + " (loss there " + words(before, 2) + "). ";
    refresh();
  }
  function oneEpoch() {
    stop(); note = ""; marked = [];
    const { epoch } = training;
    while (training.epoch === epoch) trainBatch(training, now);
    log(); refresh();
  }
  function run() {
    if (running) { stop(); log(); return refresh(); }
    if (broken()) return;
    const mine = (running = performance.now() + 1), still = reducedMotion(), goal = training.epoch + 500;
    note = ""; marked = []; told = 0;
    status.setAttribute("aria-live", "off");
    const turn = (time) => {
      if (running !== mine || !el.isConnected) return;
      const from = training.epoch, most = still ? goal - from : from < 100 ? 1 : from < 400 ? 3 : 10;
      for (const end = performance.now() + 8; training.epoch - from < most && performance.now() < end;) trainBatch(training, now);
      if (training.epoch > from) log();
      if (broken() || (still && training.epoch >= goal)) { stop(); return refresh(); }
      if (still) return setTimeout(turn, 0);
      show();
      if (time - told > 200) { told = time; tell(); }
      requestAnimationFrame(turn);
    };
    refresh();
    if (still) setTimeout(turn, 0); else requestAnimationFrame(turn);
  }

  // ---- controls
  function select(name, values, value, chosen, text = String) {
    const e = h("select", { "aria-label": name }, ...values.map((v) => h("option", { value: v, selected: v === value }, text(v))));
    e.addEventListener("change", () => chosen(typeof values[0] === "number" ? +e.value : e.value));
    return e;
  }
  const menus = {};
  function menu(key, name, values, chosen, text = String) {
    const own = key === "layers" ? given.hidden.length : given[key];
    const all = values.includes(own) || own === undefined ? values : [...values, own].sort((a, b) => a - b);
    const e = select(name, all, own, chosen ?? ((v) => change({ [key]: v })), text);
    e.removeAttribute("aria-label");
    menus[key] = (v) => {
      if (![...e.options].some((o) => o.value === String(v))) e.append(h("option", { value: v }, text(v)));
      e.value = String(v);
    };
    menus[key].el = e;
    return h("label", {}, name, e);
  }
  const setButtons = Object.fromEntries(SETS.map((set) => {
    const canvas = h("canvas", { width: 92, height: 92 });
    return [set, h("button", { type: "button", class: "dlm-set", "aria-label": NAMED[set], title: NAMED[set], "aria-pressed": "false", onclick: () => change({ set }) }, canvas)];
  }));
  function drawSets() {
    const ink = palette(el);
    for (const [set, b] of Object.entries(setButtons)) {
      const ctx = b.firstChild.getContext("2d"), rows = makeData(set, 0, 1, 100);
      ctx.clearRect(0, 0, 92, 92);
      for (let e = 0; e < rows.length; e += 3) drawMarker(ctx, [46 + rows[e] * 8, 46 - rows[e + 1] * 8], rows[e + 2] ? 1 : -1, ink, { radius: 4 });
    }
  }
  const runButton = button("Run", run, { class: "dlm-first" });
  const linesBox = h("input", { type: "checkbox", onchange: (e) => change({ lines: e.target.checked }) });
  const testBox = h("input", { type: "checkbox", onchange: (e) => { showTest = e.target.checked; show(); } });
  const wordsBox = h("details", { ontoggle: () => { if (wordsBox.open) inWords.replaceChildren(...describe()); } }, h("summary", {}, "The weights in words"), inWords);
  const mark = (kind, text) => h("span", {}, h("i", { class: "dlm-" + kind }), text);
  const stroke = (style, text) => h("span", {}, h("i", { style: "height:0;width:22px;border-top:" + style }), text);
  const check = (box, text) => h("label", { class: "dlm-check" }, box, text);
  const noise = menu("noise", "Noise", NOISES);
  noise.className = "dlm-noise";
  const body = h("div", { class: "dlm-body" }, asked,
    h("div", { class: "dlm-row" }, h("span", {}, "Try this:"), ...Object.entries(TRIES).map(([name, [setting, text]]) => button(name, () => { note = ""; picked = null; question = text; load({ ...PLAIN, ...setting, start: 0 }); }))),
    h("div", { class: "dlm-row dlm-run" }, runButton, button("One batch", oneBatch), button("One epoch", oneEpoch),
      button("Reset", () => { note = ""; restart(); refresh(); }), button("New start", () => change({ start: now.start + 1 }))),
    h("div", { class: "dlm-main" },
      h("div", { class: "dlm-side" }, h("div", { class: "dlm-row" }, ...Object.values(setButtons), noise), netBox),
      h("div", { class: "dlm-side" }, bigCanvas, seen,
        h("div", {}, check(testBox, "Show the test points"), check(linesBox, "Show the lines of the first layer")))),
    status,
    h("div", { class: "dlm-main dlm-even" },
      h("div", { class: "dlm-settings" },
        menu("layers", "Hidden layers", Array.from({ length: MOST_LAYERS + 1 }, (_, i) => i), (n) => change({ hidden: Array.from({ length: n }, (_, i) => now.hidden[i] ?? now.hidden.at(-1) ?? 4) })),
        menu("activation", "Activation", ACTIVATIONS), menu("rate", "Learning rate", RATES), menu("batch", "Batch size", BATCHES),
        menu("penalty", "Regularisation", PENALTIES), menu("strength", "Its rate", STRENGTHS)),
      curveCanvas),
    h("div", { class: "dlm-legend" }, mark("plus", "+1"), mark("minus", "\u22121"), stroke("3px solid var(--plus)", "weight above 0"), stroke("3px dashed var(--minus)", "below 0"),
      stroke("3px solid var(--accent)", "training loss"), stroke("2px dashed var(--fg)", "test loss")),
    h("div", { class: "dlm-more" },
      h("details", {}, h("summary", {}, "What you see"), h("div", {},
        "A picture shows where its unit is above 0 (blue) and below 0 (orange) over the plane of both inputs; the last one is the output. Press a picture to see it large, press it again to go back. ",
        POINTS + " points train the network, " + POINTS + " others test it. The loss is the mean log-loss. Run makes one pass over the points (one epoch) per frame, later up to ten. ",
        "Noise is the standard deviation added to each coordinate. In the network the ", h("kbd", {}, "arrows"), " go from unit to unit, ", h("kbd", {}, "Enter"), " shows one large.")),
      wordsBox,
      linkButton(el, state, (text) => { status.textContent = text; })));

  // ---- links
  function state() {
    const every = Math.ceil(history[0].length / 40) || 1, thin = history.map((row) => row.filter((_, k) => k % every === 0 || k === row.length - 1));
    const trained = (training.epoch || training.next) && net.weights.every((w) => Math.abs(w) < 1e5);
    return [[SETS.indexOf(now.set), ACTIVATIONS.indexOf(now.activation), now.rate, PENALTIES.indexOf(now.penalty), now.strength, now.batch, now.noise, now.seed, now.start, trained ? training.epoch : 0, trained ? training.next : 0],
      now.hidden, trained ? Array.from(net.weights, (w) => +w.toPrecision(4)) : [], ...(trained ? thin.map((row, i) => row.map((v) => (i ? Math.min(+v.toPrecision(3), 999) : v))) : [[], [], []])];
  }
  function begin() {
    const shared = readSetting(model.get("shared"));
    note = ""; question = ""; picked = null; looked = null;
    const { weights, epoch, next, history: past, ...setting } = shared ?? { ...given, start: 0 };
    load({ ...PLAIN, ...setting });
    if (!shared || !weights.length) return;
    net.weights.set(weights);
    training.epoch = epoch; training.next = next; training.order = orderOf(epoch, now.seed);
    past.forEach((row, i) => { history[i] = row; });
    log(); refresh();
  }
  el.append(h("style", {}, STYLE), body);
  adopt(el, () => { drawSets(); show(); });
  begin();
  model.on("change:shared", begin);
  keepSharp(bigCanvas, show);
  new ResizeObserver(() => { const { width, height } = plan, next = layout(); if (next.width !== width || next.height !== height) { build(); refresh(); } }).observe(netBox);
}

export default { render };

// A network that trains in the page: every unit's picture, every weight's line, the loss of both halves of the data.

import { adopt, button, h, linkButton, reducedMotion, words } from "./runtime.js";
import { createPlane, drawMarker, keepSharp, palette } from "./plot.js";
import { choose, mark, MENUS, paintSets, pointsLayer, select, setButtonsOf, stroke } from "./training_controls.js";
import {
  ACTIVATIONS, createNet, HALF, makeData, measure, MOST_LAYERS, MOST_UNITS, orderOf, PENALTIES, POINTS, readSetting, remember, SETS, startTraining, trainBatch, unitMaps,
} from "./playground_net.js";
import { drawLosses, drawNet, drawPoints, drawUnit, GRID, TILE } from "./playground_drawing.js";
import { caption, situation, unitName, unitsInWords } from "./playground_words.js";

const MOST_EPOCHS = 20000;
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
  ...MENUS,
  ".dlm-net { position: relative; overflow-x: auto; }",
  ".dlm-net > div { position: relative; }",
  ".dlm .dlm-net canvas { position: absolute; inset: 0; width: 100%; height: 100%; aspect-ratio: auto; cursor: default; }",
  ".dlm-net button.dlm-unit, .dlm-net .dlm-head { position: absolute; transform: translate(-50%, -50%); }",
  ".dlm .dlm-unit, .dlm .dlm-unit:hover { background: none; border: 0; padding: 0; min-height: 0; width: 40px; height: 40px; }",
  ".dlm .dlm-unit:hover { box-shadow: inset 0 0 0 2px var(--muted); }",
  ".dlm .dlm-unit[aria-pressed=true] { box-shadow: inset 0 0 0 3px var(--accent); }",
  ".dlm-head { transform: translate(-50%, 0) !important; font-size: .82em; color: var(--muted); white-space: nowrap; }",
  ".dlm-head select { width: auto; min-width: 46px; }",
  ".dlm-settings { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 10px 8px; align-content: center; }",
  ".dlm-settings label { display: grid; gap: 1px; margin: 0; font-weight: 400; font-size: .87em; color: var(--muted); }",
  ".dlm .dlm-curve { aspect-ratio: 5 / 2; cursor: default; }",
  ".dlm-seen { font-size: .87em; color: var(--muted); min-height: 2.9em; }",
  ".dlm-noise { display: grid; margin: 0 0 0 auto; font-weight: 400; font-size: .87em; color: var(--muted); }",
].join("\n");

function render({ model, el }) {
  const given = Object.fromEntries(["set", "hidden", "activation", "rate", "penalty", "strength", "batch", "noise", "seed"].map((name) => [name, model.get(name)]));
  let now, net, training, train, test, history, scores, note = "", question = "", running = 0, picked = null, looked = null, spot = [1, 0], marked = [], told = 0, showTest = false;

  // ---- the parts of the page
  const netCanvas = h("canvas", { "aria-hidden": "true" });
  const overlay = h("div");
  const netBox = h("div", { class: "dlm-net", role: "group", "aria-label": "The network. Each picture is one unit's output over the plane; press one to see it large. The arrow keys go from unit to unit." }, overlay);
  const bigCanvas = h("canvas", { role: "img", style: "cursor:default" });
  const big = createPlane(bigCanvas, { view: [-HALF, HALF, -HALF, HALF], pad: [24, 6, 6, 22] }), layPoints = pointsLayer(big, bigCanvas);
  const curveCanvas = h("canvas", { class: "dlm-curve", role: "img", "aria-label": "Loss in nats after each epoch, solid for training, dashed for the test." });
  const curve = createPlane(curveCanvas, { view: [0, 10, 0, 1], ratio: 0.4, pad: [34, 18, 8, 22] });
  const status = h("div", { class: "dlm-status", role: "status", "aria-live": "polite" });
  const asked = h("div", { class: "dlm-question" });
  const seen = h("div", { class: "dlm-seen" });
  const inWords = h("div");
  const cells = h("canvas", { width: GRID, height: GRID }), tiles = h("canvas", { width: TILE, height: TILE });

  // ---- the network on the page
  const unitAt = (l, j) => net.first[l] + j;
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
  let plan, units = [];
  function build() {
    plan = layout();
    overlay.style.cssText = "width:" + plan.width + "px;height:" + plan.height + "px";
    units = plan.at.flatMap((column, l) => column.map(([x, y], j) => {
      const unit = unitAt(l, j);
      const b = button("", () => { spot = [l, j]; picked = picked === unit ? null : unit; looked = null; refresh(); }, { class: "dlm-unit", style: "left:" + x + "px;top:" + y + "px", "aria-label": unitName(net, l, j), "aria-pressed": "false", tabindex: -1 });
      b.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") { looked = unit; show(); } });
      b.addEventListener("pointerleave", () => { if (looked === unit) { looked = null; show(); } });
      b.addEventListener("focus", () => { spot = [l, j]; stops(); });
      return b;
    }));
    const heads = plan.at.map(([[x]], l) => {
      const hidden = l > 0 && l < net.sizes.length - 1;
      const inner = hidden ? select(Array.from({ length: MOST_UNITS }, (_, i) => i + 1), (v) => change({ hidden: now.hidden.map((n, i) => (i === l - 1 ? v : n)) }, "head" + l), { "aria-label": "Units in layer " + l, "data-keep": "head" + l }) : l ? "Output" : "Inputs";
      if (hidden) choose(inner, net.sizes[l]);
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
    // in a deck, arrows on a button turn the slide
    event.stopPropagation();
    const l = Math.max(0, Math.min(net.sizes.length - 1, spot[0] + step[0]));
    spot = [l, Math.max(0, Math.min(net.sizes[l] - 1, spot[1] + step[1]))];
    units[unitAt(...spot)].focus();
  });

  // ---- drawing
  const inLarge = () => looked ?? picked ?? net.units - 1;
  function show() {
    if (!net || !plan) return;
    const ink = palette(el), maps = unitMaps(net, GRID), unit = inLarge();
    drawNet(netCanvas, tiles, ink, { net, maps, plan, running });
    drawUnit(big, cells, ink, { net, maps, unit, lines: now.lines });
    layPoints([ink.plus, ink.plane, showTest, marked.length && training.epoch + ":" + training.next], train, (ctx) => drawPoints(ctx, big, ink, { train, test: showTest ? test : [], marked }));
    drawLosses(curve, ink, history);
    if (seen.dataset.unit !== String(unit) || !running) { seen.dataset.unit = unit; seen.textContent = caption(net, unit); }
  }

  // ---- words
  const spell = () => inWords.replaceChildren(...unitsInWords(net).map((line) => h("div", {}, line)));
  function tell() {
    status.textContent = note + situation(scores, training);
    asked.textContent = question || QUESTIONS[now.set];
    bigCanvas.setAttribute("aria-label", "Plane of both inputs from \u22126 to 6 with the data. " + caption(net, inLarge()));
  }
  function refresh() {
    units.forEach((b, unit) => b.setAttribute("aria-pressed", String(unit === picked)));
    for (const [name, b] of Object.entries(setButtons)) b.setAttribute("aria-pressed", String(name === now.set));
    for (const [name, e] of Object.entries(menus)) choose(e, name === "layers" ? now.hidden.length : now[name]);
    menus.strength.disabled = now.penalty === "none";
    runButton.textContent = running ? "Pause" : "Run";
    linesBox.checked = now.lines; linesBox.disabled = !now.hidden.length;
    if (!running) { tell(); if (wordsBox.open) spell(); }
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
  function load(setting, keep) {
    const { set, noise, seed } = now ?? {};
    now = { ...now, ...setting };
    if (now.set !== set || now.noise !== noise || now.seed !== seed) { train = makeData(now.set, now.noise, 2 * now.seed); test = makeData(now.set, now.noise, 2 * now.seed + 1); }
    restart();
    refresh();
    if (keep) overlay.querySelector("[data-keep=" + keep + "]")?.focus();
  }
  /** A change of the network or its data starts afresh; a change of how it learns takes effect at once. */
  function change(setting, keep) {
    note = "";
    if ("set" in setting) question = "";
    if (["set", "noise", "hidden", "activation", "start"].some((name) => name in setting)) { picked = null; return load(setting, keep); }
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
  const menus = {};
  function menu(key, name, values, chosen = (v) => change({ [key]: v })) {
    const own = key === "layers" ? given.hidden.length : given[key];
    menus[key] = select(values.includes(own) || own === undefined ? values : [...values, own].sort((a, b) => a - b), chosen);
    return h("label", {}, name, menus[key]);
  }
  const setButtons = setButtonsOf(NAMED, (set) => change({ set }));
  const drawSets = () => paintSets(setButtons, (ctx, set) => {
    const ink = palette(el), rows = makeData(set, 0, 1, 100);
    for (let e = 0; e < rows.length; e += 3) drawMarker(ctx, [46 + rows[e] * 8, 46 - rows[e + 1] * 8], rows[e + 2] ? 1 : -1, ink, { radius: 4 });
  });
  const runButton = button("Run", run, { class: "dlm-first" });
  const linesBox = h("input", { type: "checkbox", onchange: (e) => change({ lines: e.target.checked }) });
  const testBox = h("input", { type: "checkbox", onchange: (e) => { showTest = e.target.checked; show(); } });
  const wordsBox = h("details", { ontoggle: () => { if (wordsBox.open) spell(); } }, h("summary", {}, "The weights in words"), inWords);
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

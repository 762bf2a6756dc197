// A GAN that trains in the page: real and forged points, the judge's verdict as a tint behind them, and where each forged point is pushed.

import { adopt, button, facts, h, linkButton, reducedMotion, words } from "./runtime.js";
import { createPlane, drawArrow, drawAxes, drawLine, drawText, keepSharp, palette } from "./plot.js";
import { rgb } from "./hex_colour.js";
import { drawCurve } from "./step_curves.js";
import { choose, mark, MENUS, paintSets, pointsLayer, select, setButtonsOf, stroke, tintSquare } from "./training_controls.js";
import { seeded } from "./seeded.js";
import {
  coverage, forge, HALF, judged, LOSSES, noise, note, play, pushes, readSetting, realPoints, REMEDIES, SETS, SPREAD, startGame, verdictsOn, WIDTH,
} from "./gan_game.js";

const GRID = 36, SHOWN = 240, COUNTED = 1000, ARROWS = 36, MOST_STEPS = 50000;
const NAMED = { ring: "Eight islands", two: "Two islands", moon: "A moon", line: "A line" };
const PART = { ring: "islands", two: "islands", moon: "stretches", line: "stretches" };
const QUESTIONS = {
  ring: "What makes the points collapse: a fast forger or a fast judge? Guess, change the rates, then run.",
  two: "Will the forger serve both islands, or settle on one? Guess, then run. Does R1 change it?",
  moon: "There are no islands here. Can a forger still collapse? Guess, then try the rates.",
  line: "Can a cloud of two random numbers be pressed onto a line? Guess, then run.",
};
const STEADY = { set: "ring", loss: "non-saturating", remedy: "none", forgerRate: 0.001, judgeRate: 0.004, rounds: 1 };
export const TRIES = {
  "It collapses": [{ ...STEADY, forgerRate: 0.004, judgeRate: 0.0001 }, "The forger learns 40 times as fast as the judge. Where will its points go? Guess, then run. Then swap the rates: 0.001 and 0.004."],
  "It covers all eight": [STEADY, "The judge learns 4 times as fast as the forger. How many steps until all eight islands have points? Guess, then run."],
  "Judge too strong": [{ ...STEADY, set: "two", loss: "minimax", forgerRate: 0.0001, judgeRate: 0.01, rounds: 5, arrows: true }, "Five moves of the judge for one of the forger. Which loss still pushes? Run to step 300, then choose non-saturating."],
  "Judge too steep": [{ ...STEADY, loss: "Wasserstein" }, "Nothing stops this judge from growing steeper. What will the forger do? Guess, run, and then choose the gradient penalty."],
};
const RATES = [0.0001, 0.0003, 0.001, 0.002, 0.004, 0.01], ROUNDS = [1, 2, 5, 10];

const STYLE = [
  ...MENUS,
  ".dlm-settings { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 8px; }",
  ".dlm-settings label { display: grid; gap: 1px; margin: 0; font-weight: 400; font-size: .87em; color: var(--muted); grid-column: span 2; align-content: end; }",
  ".dlm-settings label.dlm-half { grid-column: span 3; }",
  ".dlm .dlm-game { cursor: default; }",
  ".dlm .dlm-curve { aspect-ratio: 2 / 1; cursor: default; }",
  // on a slide: the picture left, all that goes with it right
  "[data-wide=yes] .dlm-arena { display: contents; }",
  "[data-wide=yes] .dlm-arena > * { break-inside: avoid; margin-bottom: 10px; }",
  "[data-wide=yes] .dlm-arena > :first-child { width: 372px; margin-inline: auto; }",
  "[data-wide=yes] .dlm-watch { grid-template-columns: minmax(0, 1fr) minmax(0, 1.2fr); gap: 10px 16px; align-items: start; }",
  "[data-wide=yes] .dlm-watch > .dlm-curve { grid-area: 1 / 2 / span 3 / 3; }",
].join("\n");

const percent = (share) => (share > 0.995 && share < 1 ? "more than 99 %" : share > 0 && share < 0.005 ? "less than 1 %" : Math.round(100 * share) + " %");
const strength = (push) => (push < 0.001 ? "below 0.001" : words(push, 2));
const median = (values) => Float64Array.from(values).sort()[values.length >> 1];
const lengths = (pairs) => Array.from({ length: pairs.length / 2 }, (_, i) => Math.hypot(pairs[2 * i], pairs[2 * i + 1]));
/** Root mean square distance from the centre of a cloud. */
export function spreadOf(points) {
  const count = points.length / 2;
  let [x, y, all] = [0, 0, 0];
  for (let i = 0; i < count; i++) { x += points[2 * i] / count; y += points[2 * i + 1] / count; }
  for (let i = 0; i < count; i++) all += ((points[2 * i] - x) ** 2 + (points[2 * i + 1] - y) ** 2) / count;
  return Math.sqrt(all);
}

/** All that the words and the numbers beside the picture say about a game, from the same 1,000 random numbers each time. */
export function survey(game, setting) {
  const real = realPoints(game.set, COUNTED, seeded(5)), forged = forge(game, noise(COUNTED, seeded(99))), { covered, places, share } = coverage(game.set, forged);
  const outside = forged.reduce((n, _, k) => n + (k % 2 === 0 && (Math.abs(forged[k]) > HALF || Math.abs(forged[k + 1]) > HALF) ? 1 : 0), 0) / COUNTED;
  return { covered, places, share, outside, right: judged(game, real, forged, setting), push: median(lengths(pushes(game, forged, setting))), heap: spreadOf(forged) / spreadOf(real), sound: Number.isFinite(game.losses.d + game.losses.g + forged[0]) };
}

/** What one sees, in a sentence or two. */
export function situation(game, setting, seen) {
  const { covered, places, share, outside, right, push, heap, sound } = seen, part = PART[game.set];
  if (!sound) return "The numbers have grown past every bound. Reset, then choose lower rates or a remedy.";
  if (!game.step) return "Before the first step: neither player has learned anything, and what the judge is right about is chance.";
  const first = "Step " + game.step + ": the forged points cover " + covered + " of " + places + " " + part + ", " + percent(share) + " of them lie near one. ";
  const away = outside > 0.02 ? " " + percent(outside) + " of the points lie outside the picture." : "";
  if (heap < 0.4 && covered <= Math.max(1, places / 4)) return first + "Collapse: they crowd together, while the real ones are " + words(1 / heap, 2) + " times as spread out." + away;
  if (push < 0.01) return first + "The push on them is next to nothing (" + strength(push) + "): " + (right > 0.85 ? "the judge is sure, and this loss is flat there." : "where they lie the verdict is flat.") + away;
  if (setting.loss === "Wasserstein" && setting.remedy === "none" && push > 5) return first + "The judge has grown steep: it pushes with " + words(push, 2) + ", and the points shoot past their goals." + away;
  if (covered === places && share > 0.5) return first + "All are served" + (right < 0.65 ? ", and the judge is hardly better than a coin." : ".") + away;
  return first + "The judge is right about " + percent(right) + "." + away;
}

function render({ model, el }) {
  const given = Object.fromEntries(["set", "loss", "remedy", "forgerRate", "judgeRate", "rounds", "seed"].map((name) => [name, model.get(name)]));
  let now, game, history, smooth, seen, real, z, question = "", running = 0, told = 0;

  // ---- the parts of the page
  const gameCanvas = h("canvas", { class: "dlm-game", tabindex: 0, role: "application" });
  const plane = createPlane(gameCanvas, { view: [-HALF, HALF, -HALF, HALF], pad: [24, 6, 6, 22] }), layPoints = pointsLayer(plane, gameCanvas);
  const curveCanvas = h("canvas", { class: "dlm-curve", role: "img", "aria-label": "Losses of the judge (solid) and of the forger (dashed) over the steps." });
  const curve = createPlane(curveCanvas, { view: [0, 100, 0, 2], ratio: 0.5, pad: [34, 14, 20, 22] });
  const status = h("div", { class: "dlm-status", role: "status", "aria-live": "polite" });
  const asked = h("div", { class: "dlm-question" });
  const numbers = facts({ step: "Step", covered: "Covered", near: "Near the data", right: "Judge is right", push: "Median push" });
  const field = h("canvas", { width: GRID, height: GRID });
  const cells = new Float64Array(2 * GRID * GRID).map((_, k) => (k % 2 ? 1 - (2 * (Math.floor((k >> 1) / GRID) + 0.5)) / GRID : (2 * (((k >> 1) % GRID) + 0.5)) / GRID - 1) * HALF);

  // ---- drawing
  /** From -1, surely forged, to 1, surely real. A Wasserstein score has no zero: there the middle lies between both clouds. */
  function tint() {
    const f = verdictsOn(game, cells, now);
    if (now.loss === "least squares") return f.map((v) => Math.max(-1, Math.min(1, 2 * v - 1)));
    if (now.loss !== "Wasserstein") return f.map((v) => Math.tanh(v / 2));
    const [a, b] = [real, forge(game, z)].map((x) => verdictsOn(game, x, now).reduce((s, v) => s + v, 0) / SHOWN), far = Math.max(0.2, Math.abs(a - b) / 2);
    return f.map((v) => Math.tanh((v - (a + b) / 2) / far / 2));
  }
  function drawField(ink) {
    const brush = field.getContext("2d"), image = brush.createImageData(GRID, GRID), verdict = tint();
    tintSquare(image, GRID, (x, y) => verdict[y * GRID + x] || 0, [ink.plane, ink.plus, ink.minus].map(rgb), 0.42);
    brush.putImageData(image, 0, 0);
    plane.ctx.imageSmoothingEnabled = true;
    plane.ctx.drawImage(field, ...plane.frame());
  }
  function drawGame(ink) {
    const { ctx } = plane, forged = forge(game, z);
    plane.fit();
    drawAxes(plane, ink, ["", ""], { xs: [-2, 0, 2], ys: [-2, 0, 2] });
    drawField(ink);
    layPoints([ink.plus, ink.plane], real, (ctx) => {
      ctx.fillStyle = ink.plus; ctx.strokeStyle = ink.plane; ctx.lineWidth = 1;
      for (let i = 0; i < SHOWN; i++) { ctx.beginPath(); ctx.arc(...plane.at([real[2 * i], real[2 * i + 1]]), 3.4, 0, 2 * Math.PI); ctx.fill(); ctx.stroke(); }
    });
    plane.clip(() => {
      ctx.fillStyle = ink.minus; ctx.strokeStyle = ink.plane; ctx.lineWidth = 1;
      for (let i = 0; i < SHOWN; i++) {
        const [x, y] = plane.at([forged[2 * i], forged[2 * i + 1]]);
        ctx.fillRect(x - 2.8, y - 2.8, 5.6, 5.6); ctx.strokeRect(x - 2.8, y - 2.8, 5.6, 5.6);
      }
      if (!now.arrows) return;
      const push = pushes(game, forged.slice(0, 2 * ARROWS), now);
      for (let i = 0; i < ARROWS; i++) {
        const [px, py] = [push[2 * i], push[2 * i + 1]], size = Math.hypot(px, py), reach = size && 0.8 / (1 + size), from = [forged[2 * i], forged[2 * i + 1]];
        drawArrow(ctx, plane.at(from), plane.at([from[0] + px * reach, from[1] + py * reach]), ink.fg, { width: 1.3 });
      }
    });
  }
  function drawLosses(ink) {
    const { rows } = history, all = rows.flatMap((row) => row.slice(1)).filter(Number.isFinite), coin = now.loss === "minimax" || now.loss === "non-saturating", [low, high] = [Math.min(0, ...all), Math.max(coin ? 1.5 : 1, ...all)];
    curve.view = [0, Math.max(100, rows.at(-1)?.[0] ?? 0), low - 0.05 * (high - low), high + 0.05 * (high - low)];
    curve.fit();
    drawAxes(curve, ink, ["", ""], {});
    if (coin) drawLine(curve.ctx, curve.at([0, Math.log(4)]), curve.at([curve.view[1], Math.log(4)]), ink.muted, { width: 1, dash: [2, 3] });
    for (const k of [1, 2]) drawCurve(curve, rows.map((row) => [row[0], row[k]]), k === 1 ? ink.accent : ink.fg, k === 1 ? 2.4 : 1.8, k === 1 ? [] : [5, 4]);
    const [fx, , fw] = curve.frame();
    drawText(curve.ctx, "losses over steps", [fx + fw / 2, 9], ink, { colour: ink.muted });
  }
  function show() {
    if (!game) return;
    const ink = palette(el);
    drawGame(ink);
    drawLosses(ink);
  }

  // ---- words
  function tell() {
    seen = survey(game, now);
    status.textContent = situation(game, now, seen);
    asked.textContent = question || QUESTIONS[now.set];
    const { covered, places, share, right, push, sound } = seen;
    numbers.set(sound ? { step: String(game.step), covered: covered + " of " + places + " " + PART[now.set], near: percent(share), right: percent(right), push: strength(push) } : { step: String(game.step), covered: "\u2013", near: "\u2013", right: "\u2013", push: "\u2013" });
    gameCanvas.setAttribute("aria-label", "Plane from \u22123 to 3 with real points, blue circles, and forged ones, orange squares. " + (game.step ? status.textContent : "Nothing is trained yet."));
  }
  function refresh() {
    for (const [name, b] of Object.entries(setButtons)) b.setAttribute("aria-pressed", String(name === now.set));
    for (const [name, e] of Object.entries(menus)) choose(e, now[name]);
    runButton.textContent = running ? "Pause" : "Run";
    arrowsBox.checked = now.arrows;
    if (!running) tell();
    show();
  }

  // ---- training
  function restart() {
    stop();
    game = startGame(now.set, now.seed + now.start);
    history = { rows: [], stride: 1 }; smooth = null;
    real = realPoints(now.set, SHOWN, seeded(4)); z = noise(SHOWN, seeded(98));
    refresh();
  }
  function step() {
    const { d, g } = play(game, now), q = smooth ? 0.1 : 1;
    smooth = [d, g].map((v, k) => (smooth?.[k] ?? 0) * (1 - q) + q * v);
    note(history, [game.step, ...smooth]);
  }
  /** A change of the data starts afresh; a change of how the players learn takes effect at once. */
  function change(setting) {
    now = { ...now, ...setting };
    if ("set" in setting || "start" in setting) { if ("set" in setting) question = ""; return restart(); }
    refresh();
  }
  const load = (setting) => { now = { arrows: now?.arrows ?? false, ...setting }; restart(); };
  const broken = () => !Number.isFinite(game.losses.d + game.losses.g) || game.step >= MOST_STEPS;
  function stop() {
    running = 0;
    status.setAttribute("aria-live", "polite");
  }
  function oneStep() {
    stop();
    if (!broken()) step();
    refresh();
  }
  /** Play in slices of 8 ms, so that the page stays alive. */
  function run(steps) {
    if (running && steps === Infinity) { stop(); return refresh(); }
    if (broken()) return;
    const mine = (running = performance.now() + 1), still = reducedMotion(), goal = game.step + (still ? Math.min(steps, 500) : steps);
    told = 0;
    status.setAttribute("aria-live", "off");
    const turn = (time) => {
      if (running !== mine || !el.isConnected) return;
      for (const end = performance.now() + 8; game.step < goal && !broken();) { step(); if (performance.now() > end) break; }
      if (broken() || game.step >= goal) { stop(); return refresh(); }
      if (still) return setTimeout(turn, 0);
      show();
      if (time - told > 250) { told = time; tell(); }
      requestAnimationFrame(turn);
    };
    refresh();
    if (still) setTimeout(turn, 0); else requestAnimationFrame(turn);
  }

  // ---- controls
  const menus = {};
  function menu(key, name, values, half = false) {
    menus[key] = select(values, (v) => change({ [key]: v }));
    return h("label", { class: half && "dlm-half" }, name, menus[key]);
  }
  const setButtons = setButtonsOf(NAMED, (set) => change({ set }));
  const drawSets = () => paintSets(setButtons, (ctx, set) => {
    const rows = realPoints(set, 120, seeded(1));
    ctx.fillStyle = palette(el).plus;
    for (let k = 0; k < rows.length; k += 2) { ctx.beginPath(); ctx.arc(46 + rows[k] * 15, 46 - rows[k + 1] * 15, 3, 0, 2 * Math.PI); ctx.fill(); }
  });
  const runButton = button("Run", () => run(Infinity), { class: "dlm-first" });
  const arrowsBox = h("input", { type: "checkbox", onchange: (e) => change({ arrows: e.target.checked }) });
  const wash = (colour, text) => h("span", {}, h("i", { style: "background:var(--" + colour + ");opacity:.42" }), text);
  const keys = { " ": () => run(Infinity), ArrowRight: oneStep, ArrowUp: () => run(100), ArrowLeft: restart, ArrowDown: restart, n: () => change({ start: now.start + 1 }) };
  gameCanvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });

  const about = "With the picture in focus, the space bar runs and pauses, → is one step, ↑ are 100, ← starts again and n starts elsewhere. Both players are networks with two hidden layers of " + WIDTH + " leaky units, trained with Adam on 64 real and 64 forged points a step, at the same time. The tint is the judge's verdict, clear where it is torn; for Wasserstein, whose score has no zero, clear half way between both clouds. "
    + "A place is covered when 2 % of 1,000 forged points lie within 3 spreads of it; near means within 3 spreads (" + words(3 * SPREAD, 2) + ") of the data. The judge is right in the share of points on their side (Wasserstein: of pairs in the right order); a coin has 50 %, and a loss of log 4 (dotted) with the first two losses. "
    + "The push is minus the slope of the forger's loss in a forged point. An arrow shows where it points; longer means stronger, up to a length of 0.8. Rates, loss and remedy take effect at once and keep what was learned. The gradient penalty has weight 1, R1 weight 0.1; the spectral norm divides each matrix of the judge.";
  const state = () => [SETS.indexOf(now.set), LOSSES.indexOf(now.loss), REMEDIES.indexOf(now.remedy), now.forgerRate, now.judgeRate, now.rounds, now.seed, now.start, +now.arrows];
  const body = h("div", { class: "dlm-body" }, asked,
    h("div", { class: "dlm-row" }, h("span", {}, "Try this:"), ...Object.entries(TRIES).map(([name, [setting, text]]) => button(name, () => { question = text; load({ arrows: now.arrows, ...setting, seed: 1, start: 0 }); }))),
    h("div", { class: "dlm-row dlm-run" }, runButton, button("One step", oneStep), button("100 steps", () => run(100)), button("Reset", restart), button("New start", () => change({ start: now.start + 1 }))),
    h("div", { class: "dlm-main dlm-arena" },
      h("div", { class: "dlm-side" }, gameCanvas),
      h("div", { class: "dlm-side dlm-watch" }, h("div", { class: "dlm-row" }, ...Object.values(setButtons)), numbers.el, curveCanvas, h("label", { class: "dlm-check" }, arrowsBox, "Show the pushes"))),
    status,
    h("div", { class: "dlm-settings" }, menu("loss", "Loss", LOSSES, true), menu("remedy", "Remedy", REMEDIES, true), menu("forgerRate", "Forger's rate", RATES), menu("judgeRate", "Judge's rate", RATES), menu("rounds", "Judge's moves a step", ROUNDS)),
    h("div", { class: "dlm-legend" }, mark("plus", "real"), mark("minus", "forged"), wash("plus", "judge: real"), wash("minus", "judge: forged"), stroke("3px solid var(--accent)", "judge's loss"), stroke("2px dashed var(--fg)", "forger's loss")),
    h("div", { class: "dlm-more" },
      h("details", {}, h("summary", {}, "What you see"), h("div", {}, about)),
      linkButton(el, state, (text) => { status.textContent = text.replace("as you see it now", "with these settings, before the first step"); })));

  function begin() {
    question = "";
    load(readSetting(model.get("shared")) ?? { ...given, start: 0 });
  }
  // a slide shows it in two columns: the picture is larger so
  if (el.closest(".deck-part-live")) el.dataset.wide = "yes";
  el.append(h("style", {}, STYLE), body);
  adopt(el, () => { drawSets(); show(); });
  begin();
  model.on("change:shared", begin);
  keepSharp(gameCanvas, show);
  keepSharp(curveCanvas, show);
}

export default { render };

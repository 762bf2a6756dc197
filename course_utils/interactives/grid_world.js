// A grid that the reader edits: value iteration, sweep by sweep, and Q-learning, episode by episode, towards the same exact values.

import { adopt, button, facts, h, linkButton, reducedMotion, slider, words } from "./runtime.js";
import { createPlane, drawArrow, drawAxes, drawLine, drawMarker, drawText, keepSharp, palette } from "./plot.js";
import { seeded } from "./seeded.js";
import { bestMoves, bestOf, distanceOf, ends, exactValues, FLOOR, GOAL, greedyWalk, isOpen, lookAhead, makeWorld, MOST_MOVES, moveOn, MOVES, PAYS, playEpisode, policyValues, PRIZE, readRows, START, startLearner, sweepOnce, TRAP, valuesOf, WALL } from "./tabular.js";

export const MOST_SWEEPS = 1000, MOST_EPISODES = 5000;
const LATEST = 100, MANY_SWEEPS = 20, MANY_EPISODES = 200, PER_FRAME = 3, POINTS = 160;
const QUESTION = "One knows the grid, the other must try its moves. How many sweeps will it take, and how many episodes, until the arrows lead to the goal? Guess, then try.";
const NAMES = ["floor", "wall", "goal", "small prize", "trap", "start"], TURNS = ["up", "right", "down", "left"], SHOWN = ["plan", "learn", "exact"];
const LIMITS = { gamma: [0, 0.99], epsilon: [0, 1], alpha: [0.01, 1], slip: [0, 0.6], cost: [0, 0.1] };
const usual = { gamma: 0.95, epsilon: 0.1, alpha: 0.5, slip: 0, cost: 0, show: "learn" };
/** Set-ups: settings, and the question that they ask. */
export const TRIES = {
  "Icy cliff": [{ ...usual, show: "plan", slip: 0.2, cost: 0.01, grid: ["........", "........", "........", "........", "STTTTTTG"] },
    "One move in five slips to a side. How close to the traps does the best way go? Guess, press 20 sweeps twice, then set Slip to 0 and sweep again."],
  "Impatient": [{ ...usual, show: "plan", gamma: 0.6, grid: ["........", "...##...", "..gS....", "...##..G", "........"] },
    "The small prize is one move away, the goal five. Which one do the arrows at the start choose at \u03b3 = 0.6, and from which \u03b3 on the other? Guess, then press 20 sweeps and move \u03b3."],
  "Never explores": [{ ...usual, epsilon: 0, grid: ["........", "........", ".g.S..G.", "........", "........"] },
    "\u03b5 = 0: it always takes what looks best. Which prize does it end up with, and what will 200 more episodes change? Guess, then press 200 episodes. Then try \u03b5 = 0.3."],
  "Far goal": [{ ...usual, grid: ["S.......", "#######.", "........", ".#######", ".......G"] },
    "25 moves to the only reward, and nothing on the way. How many of 200 episodes will find it? Guess, then try. Afterwards press Reset, set Cost a move to 0.01, and try again: why does that help?"],
  "Clumsy": [{ ...usual, epsilon: 0.4, cost: 0.01, grid: ["........", "........", "........", "........", "STTTTTTG"] },
    "A cliff, no slip, but four moves in ten are left to chance. What return does it get, and what is the policy worth that it has learned? Guess, press 200 episodes, then Walk greedily."],
};

const STYLE = [
  ".dlm .dlm-world { aspect-ratio: auto; touch-action: none; cursor: pointer; border: 1px solid var(--grid); }",
  ".dlm .dlm-returns { aspect-ratio: 12 / 5; cursor: default; }",
  ".dlm-deeds { row-gap: 4px; }",
  ".dlm-deeds > span:empty { margin-left: auto; }",
  ".dlm-main.dlm-arena { grid-template-columns: minmax(0, 1.5fr) minmax(0, 1fr); }",
  ".dlm-arena > .dlm-side { gap: 8px; }",
  ".dlm-arena .dlm-slider.dlm-wide { grid-template-columns: 8.2em 1fr 2.5em; }",
  ".dlm-brush button { display: inline-flex; gap: 6px; align-items: center; padding: 5px 9px; }",
  ".dlm-brush i { width: 12px; height: 12px; flex: none; }",
  ".dlm-brush .dlm-block { background: var(--muted); }",
  ".dlm-brush .dlm-small { width: 8px; height: 8px; }",
  ".dlm-brush .dlm-home { border: 2px dashed var(--accent); }",
  ".dlm-show { gap: 4px; }",
  ".dlm-show > .dlm-show { flex: 1 1 auto; }",
  ".dlm-show > .dlm-check { margin: 0 6px; }",
  ".dlm .dlm-show button { flex: 1 1 auto; padding: 5px 4px; font-size: .95em; }",
  ".dlm-body > .dlm-status { min-height: 5.3em; }",
  "@container (max-width: 560px) { .dlm-arena, .dlm-arena > .dlm-side { display: contents; } .dlm-body > .dlm-status { order: 1; } .dlm-brush { order: 2; } .dlm-arena .dlm-world ~ *, .dlm-arena > .dlm-side + .dlm-side > * { order: 2; } .dlm-more { order: 3; } }", // on a phone what is told stands below the grid
  "@container (max-width: 480px) { .dlm-body > .dlm-status { min-height: 8.2em; } .dlm-deeds > span { flex: 1 1 100%; } .dlm-deeds > span:empty { display: none; } }",
  "[data-wide=yes] .dlm-arena, [data-wide=yes] .dlm-arena > .dlm-side { display: contents; }", // on a slide: the grid left, all that goes with it right
  "[data-wide=yes] .dlm-arena > * > * { break-inside: avoid; margin-bottom: 8px; }",
  "[data-wide=yes] .dlm-world { width: 440px; margin-inline: auto; }",
  "[data-wide=yes] .dlm-facts, [data-wide=yes] .dlm-dials { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0 22px; }",
  "[data-wide=yes] .dlm-returns { aspect-ratio: 4 / 1; }",
].join("\n");

// ---- the pure part

const signed = (v, digits = 2) => { const text = (v + Math.sign(v) * 1e-9).toFixed(digits); // 0.285 is 0.29, whichever side the sum falls
  return (+text === 0 ? text.replace("-", "") : text).replace("-", "\u2212"); };
/** As short as a triangle is small: .51, \u2212.03, \u22121. */
const short = (v) => signed(v, Math.abs(v) < 0.995 ? 2 : 0).replace("0.", ".");
const plural = (count, one) => count + " " + one + (count === 1 ? "" : "s");
const mean = (values) => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);
export const spot = (world, s) => "row " + (Math.floor(s / world.columns) + 1) + ", column " + ((s % world.columns) + 1);

/** A set-up at its beginning: nothing swept, nothing learned. `kept` says that a link can bring back what is seen. */
export function startWorld({ grid, cells, columns, seed, ...settings }) {
  const now = { cells: cells ? [...cells] : readRows(grid), columns: columns ?? grid[0].length, seed, ...settings, sweeps: 0, kept: true };
  now.values = new Float64Array(now.cells.length);
  rebuild(now);
  now.one = startLearner(now.world, seed);
  now.course = [[0, distanceOf(now.world, now.values, now.exact.values).most]];
  return now;
}
/** The grid or what its moves cost has changed: new paths and new exact values. What was swept or learned stays. */
export function rebuild(now) {
  now.world = makeWorld(now.cells, now.columns, now);
  now.exact = exactValues(now.world, now.gamma);
}
export function sweepWorld(now) {
  now.values = sweepOnce(now.world, now.values, now.gamma);
  now.sweeps++;
  now.course.push([now.sweeps, distanceOf(now.world, now.values, now.exact.values).most]);
}
/** Values, Q and policy's worth of what is shown, and its distance to the exact values. */
export function survey(now, show = now.show) {
  const { world, exact, one, gamma } = now, q = show === "learn" ? one.q : show === "exact" ? exact.q : lookAhead(world, now.values, gamma), values = show === "learn" ? valuesOf(world, q) : show === "exact" ? exact.values : now.values;
  const worth = policyValues(world, (s) => bestMoves(q, s), gamma)[world.start], untried = world.places.reduce((sum, s) => sum + [0, 1, 2, 3].filter((a) => !one.tried[4 * s + a]).length, 0);
  return { q, values, worth, untried, best: exact.values[world.start], moves: 4 * world.places.length, ...distanceOf(world, values, exact.values), last: mean(one.returns.slice(-LATEST)) };
}
const far = ({ most, mean: middle, where }, world) => (most < 5e-7 ? "the exact values, to six digits" : (most < 0.01 ? words(most, 1) : signed(most)) + " from the exact values at the farthest (" + spot(world, where) + ")" + (most < 0.01 ? "" : ", " + signed(middle) + " on average"));
/** What one sees, in two or three sentences. */
export function situation(now, seen) {
  const { world, one, sweeps } = now, policy = "Its greedy policy is worth " + signed(seen.worth) + " at the start, the best one " + signed(seen.best) + ".";
  if (now.show === "exact") return "Exact: the start is worth " + signed(seen.best) + ". A policy's values solve one linear equation per place; the policy gets better until nothing changes.";
  if (now.show === "plan") return sweeps ? "After " + plural(sweeps, "sweep") + ": " + far(seen, world) + ". " + policy : "Nothing is swept yet: every place is worth 0, and is " + signed(seen.most) + " from its exact value at the farthest.";
  if (!one.episodes && !one.moves) return "Nothing is learned yet: every move is worth 0, and all moves look alike. The best policy is worth " + signed(seen.best) + " at the start.";
  const count = Math.min(LATEST, one.episodes), wins = one.returns.filter((g) => g > 0).length;
  return (one.episodes ? "After " + plural(one.episodes, "episode") + (wins ? ": return " + signed(seen.last) + (count > 1 ? " on average over the last " + count : "") + ". " : ", no return above 0 yet. ") : "")
    + (one.episodes ? policy + " " : "") + "Q-learning is " + far(seen, world) + "; " + seen.untried + " of " + seen.moves + " moves never tried.";
}
/** One place in words: what its moves are worth and, for the best one, why. */
export function placeInWords(now, seen, s) {
  const { world, gamma } = now, kind = now.cells[s], here = spot(world, s)[0].toUpperCase() + spot(world, s).slice(1) + ": ";
  if (!isOpen(kind)) return here + NAMES[kind] + (kind === WALL ? "." : ", pays " + signed(PAYS[kind], kind === PRIZE ? 1 : 0) + " and ends the episode.");
  const best = bestMoves(seen.q, s), say = here + "worth " + signed(seen.values[s]) + ", exactly " + signed(now.exact.values[s]) + ". " + TURNS.map((name, a) => name + " " + signed(seen.q[4 * s + a])).join(", ") + ". ";
  if (now.show === "learn") return say + "Tried " + TURNS.map((_, a) => now.one.tried[4 * s + a]).join(", ") + " times.";
  const term = ([chance, next, reward, over]) => (chance < 1 ? signed(chance) + " \u00b7 " : "") + (over ? signed(reward) : (reward || chance < 1 ? "(" : "") + (reward ? signed(reward) + " + " : "") + signed(gamma) + " \u00b7 " + signed(seen.values[next]) + (reward || chance < 1 ? ")" : ""));
  return say + TURNS[best[0]][0].toUpperCase() + TURNS[best[0]].slice(1) + " is " + world.paths[4 * s + best[0]].map(term).join(" + ") + ".";
}
/** One move of the learner, with its sum. */
export function moveInWords(now, { s, a, reward, over, explored, was, target, now: got, done }) {
  const bootstrap = over ? "" : " + " + signed(now.gamma) + " \u00b7 " + signed((target - reward) / (now.gamma || 1));
  return (explored ? "By chance: " : "Greedy: ") + TURNS[a] + " from " + spot(now.world, s) + ". Target " + signed(reward) + bootstrap + (over && !bootstrap ? "" : " = " + signed(target)) + ". Q goes " + signed(now.alpha) + " of the way from " + signed(was) + " there: " + signed(got) + "."
    + (done ? over ? " The episode ends." : " The episode is cut off after " + MOST_MOVES + " moves." : "");
}
/** A set-up from a link: [[columns, five settings, shown, triangles, seed, sweeps, episodes, moves], kinds of the cells]; null if it is none. */
export function readWorld(state) {
  if (!Array.isArray(state) || state.length !== 2 || !state.every((row) => Array.isArray(row) && row.every(Number.isFinite)) || state[0].length !== 12) return null;
  const [[columns, gamma, epsilon, alpha, slip, cost, show, triangles, seed, sweeps, episodes, moves], cells] = state, settings = { gamma, epsilon, alpha, slip, cost };
  const whole = (v, low, high) => Number.isInteger(v) && v >= low && v <= high, rows = cells.length / columns;
  return whole(columns, 2, 8) && whole(rows, 2, 7) && cells.every((kind) => whole(kind, 0, 5)) && cells.filter((kind) => kind === START).length === 1 && Object.entries(LIMITS).every(([name, [low, high]]) => settings[name] >= low && settings[name] <= high)
    && whole(show, 0, 2) && whole(triangles, 0, 1) && whole(seed, 0, 2 ** 31 - 1) && whole(sweeps, 0, MOST_SWEEPS) && whole(episodes, 0, MOST_EPISODES) && whole(moves, 0, MOST_MOVES - 1)
    ? { cells, columns, ...settings, show: SHOWN[show], triangles: !!triangles, seed, sweeps, episodes, moves } : null;
}
/** Sweep, play and move as often as a link says. */
export function replay({ sweeps = 0, episodes = 0, moves = 0, ...setup }) {
  const now = startWorld(setup);
  while (now.sweeps < sweeps) sweepWorld(now);
  while (now.one.episodes < episodes) playEpisode(now.one, now.world, now);
  for (let k = 0; k < moves; k++) moveOn(now.one, now.world, now);
  return now;
}

function render({ model, el }) {
  const given = { grid: model.get("grid"), seed: model.get("seed"), ...Object.fromEntries(Object.keys(LIMITS).map((name) => [name, model.get(name)])), show: "learn", triangles: false };
  let now, seen, question = "", note = "", tool = -1, cursor = 0, looked = false, focused = false, held = null, running = null, waiting = 0, walks = 0, walk = null, laid = null;

  // ---- the parts of the page
  const worldCanvas = h("canvas", { class: "dlm-world", tabindex: 0, role: "application" });
  const curveCanvas = h("canvas", { class: "dlm-returns", role: "img" });
  const status = h("div", { class: "dlm-status", role: "status", "aria-live": "polite" });
  const asked = h("div", { class: "dlm-question" });
  const numbers = facts({ sweeps: "Sweeps", episodes: "Episodes", start: "The start is worth", policy: "Greedy policy gets", best: "The best one gets", far: "Farthest from exact" });

  // ---- drawing
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  /** Blue above zero, orange below, the stronger the farther. */
  function tinter(ink) {
    const [pale, plus, minus] = [ink.plane, ink.plus, ink.minus].map(rgb);
    return (v) => { const k = 0.6 * Math.min(1, Math.abs(v)) ** 0.7, deep = v > 0 ? plus : minus; return "rgb(" + pale.map((c, i) => Math.round(c + k * (deep[i] - c))).join() + ")"; };
  }
  function drawWorld(ink) {
    const { world, columns } = now, plane = createPlane(worldCanvas, { view: [0, 1, 0, 1], ratio: world.rows / columns, pad: [0, 0, 0, 0] }), { ctx } = plane, tint = tinter(ink);
    worldCanvas.style.aspectRatio = columns + " / " + world.rows;
    plane.fit();
    const side = plane.width / columns, sized = (k, low, high) => ({ ...ink, font: Math.max(low, Math.min(high, k * side)).toFixed(1) + "px " + ink.font.slice(5) });
    const middle = (s) => [((s % columns) + 0.5) * side, (Math.floor(s / columns) + 0.5) * side], big = sized(0.26, 10, 17), small = sized(0.2, 8.5, 13);
    laid = { plane, side };
    now.cells.forEach((kind, s) => {
      const [x, y] = middle(s), r = side / 2;
      ctx.fillStyle = kind === WALL ? ink.muted : isOpen(kind) ? tint(seen.values[s]) : ink.plane;
      ctx.fillRect(x - r, y - r, side, side);
      if (isOpen(kind) && now.triangles) MOVES.forEach(([down, right], a) => {
        ctx.beginPath(); ctx.moveTo(x, y);
        for (const k of [-1, 1]) ctx.lineTo(x + r * (right || k), y + r * (down || k));
        ctx.closePath(); ctx.fillStyle = tint(seen.q[4 * s + a]); ctx.fill();
        ctx.strokeStyle = ink.grid; ctx.lineWidth = 0.8; ctx.stroke();
      });
    });
    ctx.strokeStyle = ink.grid; ctx.lineWidth = 1; ctx.beginPath();
    for (let k = 1; k < columns; k++) { ctx.moveTo(k * side, 0); ctx.lineTo(k * side, plane.height); }
    for (let k = 1; k < world.rows; k++) { ctx.moveTo(0, k * side); ctx.lineTo(plane.width, k * side); }
    ctx.stroke();
    const path = walk ?? (now.show === "learn" ? now.one.path : []);
    if (path.length > 1) for (const [tone, width] of [[ink.plane, 5.5], [ink.accent, 3]]) {
      ctx.beginPath();
      for (const s of path) ctx.lineTo(...middle(s));
      ctx.lineJoin = "round"; ctx.strokeStyle = tone; ctx.lineWidth = width; ctx.globalAlpha = now.triangles ? 0.5 : 0.85; ctx.stroke(); ctx.globalAlpha = 1;
    }
    now.cells.forEach((kind, s) => {
      const [x, y] = middle(s), r = side / 2;
      if (kind === WALL) return;
      if (ends(kind)) {
        drawMarker(ctx, [x, y], kind === TRAP ? -1 : 1, ink, { radius: (kind === PRIZE ? 0.26 : 0.34) * side });
        ctx.font = "600 " + (kind === PRIZE ? small : big).font; ctx.fillStyle = ink.ink; ctx.textAlign = "center"; ctx.textBaseline = "middle";
        return ctx.fillText(kind === GOAL ? "+1" : kind === PRIZE ? ".3" : "\u22121", x, y + 0.5);
      }
      if (kind === START) { ctx.strokeStyle = ink.accent; ctx.lineWidth = 2.5; ctx.setLineDash([5, 4]); ctx.strokeRect(x - r + 2, y - r + 2, side - 4, side - 4); ctx.setLineDash([]); }
      const best = bestMoves(seen.q, s), torn = best.length === 4, known = (a) => now.show !== "learn" || now.one.tried[4 * s + a] > 0;
      if (now.triangles) MOVES.forEach(([down, right], a) => {
        const text = known(a) ? short(seen.q[4 * s + a]) : "?", weight = !torn && best.includes(a) ? "700 " : "";
        ctx.font = weight + small.font;
        const wide = ctx.measureText(text).width, size = parseFloat(small.font) * Math.min(1, (0.46 * side) / wide);
        ctx.font = weight + size.toFixed(1) + small.font.slice(small.font.indexOf("px")); ctx.fillStyle = known(a) ? ink.fg : ink.muted; ctx.textAlign = "center"; ctx.textBaseline = "middle";
        ctx.fillText(text, x + right * 0.26 * side, y + down * 0.37 * side);
      });
      else {
        if (!torn) for (const a of best) {
          const [down, right] = MOVES[a], long = 0.27 * side, cy = y - 0.14 * side;
          for (const [tone, width] of [[ink.plane, 5], [ink.fg, 2]]) drawArrow(ctx, best.length > 1 ? [x, cy] : [x - right * long * 0.8, cy - down * long * 0.8], [x + right * long, cy + down * long], tone, { width });
        }
        drawText(ctx, signed(seen.values[s]), [x, y + 0.32 * side], big, { colour: [0, 1, 2, 3].some(known) ? ink.fg : ink.muted });
      }
    });
    if (path.length) {
      ctx.beginPath(); ctx.arc(...middle(path.at(-1)), 0.15 * side, 0, 2 * Math.PI);
      ctx.fillStyle = ink.accent; ctx.fill(); ctx.strokeStyle = ink.plane; ctx.lineWidth = 2; ctx.stroke();
    }
    if (looked || focused) {
      const [x, y] = middle(cursor);
      for (const [tone, width] of [[ink.plane, 5], [ink.fg, 2.5]]) { ctx.strokeStyle = tone; ctx.lineWidth = width; ctx.strokeRect(x - side / 2 + 3, y - side / 2 + 3, side - 6, side - 6); }
    }
  }
  const around = (low, high, air) => [low - air * (high - low), high + air * (high - low)];
  function line(plane, points, colour, width, dash = []) {
    const { ctx } = plane;
    plane.clip(() => {
      ctx.beginPath();
      for (const point of points) ctx.lineTo(...plane.at(point));
      ctx.lineJoin = "round"; ctx.strokeStyle = colour; ctx.lineWidth = width; ctx.setLineDash(dash); ctx.stroke(); ctx.setLineDash([]);
    });
  }
  const titled = (plane, text, ink) => { const [fx, , fw] = plane.frame(); drawText(plane.ctx, text, [fx + fw / 2, 9], ink, { colour: ink.muted }); };
  const curvePlane = (box) => { const plane = createPlane(curveCanvas, { view: box, ratio: curveCanvas.clientHeight / curveCanvas.clientWidth || 5 / 12, pad: [40, 10, 20, 22] }); plane.fit(); return plane; };
  /** Sweep by sweep, on a log scale: the distance to the exact values, and the bound that it keeps below. */
  function drawDistance(ink) {
    const { course, gamma } = now, logs = course.map(([k, d]) => [k, Math.log10(Math.max(d, 1e-12))]), lowest = Math.max(-9, Math.min(-1, ...logs.map(([, v]) => v)));
    const stride = lowest < -5 ? 3 : lowest < -2 ? 2 : 1, ys = [];
    for (let k = 0; k >= lowest - 0.01; k -= stride) ys.push(k);
    const plane = curvePlane([0, Math.max(10, now.sweeps), ...around(lowest, Math.max(0.2, ...logs.map(([, v]) => v)), 0.05)]);
    drawAxes(plane, ink, ["", ""], { ys, yText: (k) => (k ? "10" + "\u207b" + "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[-k] : "1") });
    if (now.kept && gamma) line(plane, [0, plane.view[1]].map((k) => [k, logs[0][1] + k * Math.log10(gamma)]), ink.muted, 1.5, [2, 3]);
    line(plane, logs, ink.accent, 2.4);
    titled(plane, "distance to exact, by sweeps" + (now.kept && gamma ? "; dotted: \u03b3\u1d4f" : ""), ink);
  }
  /** Episode by episode: returns as dots, in bins once they are many, and their mean over the latest. */
  function drawReturns(ink) {
    const { returns } = now.one, size = Math.ceil(Math.max(1, returns.length) / POINTS), dots = [], smooth = [];
    for (let k = 0; k < returns.length; k += size) dots.push([k + 1, mean(returns.slice(k, k + size))]);
    let sum = 0;
    returns.forEach((g, k) => { sum += g - (returns[k - 20] ?? 0); if (k % size === size - 1 || k === returns.length - 1) smooth.push([k + 1, sum / Math.min(20, k + 1)]); });
    const plane = curvePlane([0, Math.max(20, returns.length), ...around(Math.min(-0.1, seen.best, ...dots.map(([, v]) => v)), Math.max(0.5, seen.best, ...dots.map(([, v]) => v)), 0.06)]);
    drawAxes(plane, ink, ["", ""], {});
    drawLine(plane.ctx, plane.at([0, seen.best]), plane.at([plane.view[1], seen.best]), ink.plus, { width: 1.5, dash: [6, 4] });
    plane.clip(() => { plane.ctx.fillStyle = ink.muted; for (const dot of dots) { plane.ctx.beginPath(); plane.ctx.arc(...plane.at(dot), 1.7, 0, 2 * Math.PI); plane.ctx.fill(); } });
    line(plane, smooth, ink.accent, 2.4);
    titled(plane, "return, by episodes; dashed: the best", ink);
  }
  function draw() {
    waiting = 0;
    if (!seen) return;
    const ink = palette(el);
    drawWorld(ink);
    if (now.show === "plan") drawDistance(ink); else drawReturns(ink);
  }
  const soon = () => { waiting ||= requestAnimationFrame(draw); };

  // ---- words
  function tell() {
    seen = survey(now);
    const { one } = now, said = note || (looked ? placeInWords(now, seen, cursor) : situation(now, seen));
    status.textContent = said;
    asked.textContent = question || QUESTION;
    numbers.set({ sweeps: String(now.sweeps), episodes: String(one.episodes), start: signed(seen.values[now.world.start]), policy: signed(seen.worth), best: signed(seen.best), far: seen.most < 5e-7 ? "0" : seen.most < 0.01 ? words(seen.most, 1) : signed(seen.most) });
    worldCanvas.setAttribute("aria-label", "Grid of " + now.world.rows + " rows and " + now.columns + " columns. Arrow keys move the cursor; W, G, P, T, S and F make its cell a wall, the goal, a small prize, a trap, the start or floor; V is one sweep, M one move, E one episode. " + placeInWords(now, seen, cursor));
    curveCanvas.setAttribute("aria-label", now.show === "plan" ? "Distance to the exact values after " + plural(now.sweeps, "sweep") + ": from " + words(now.course[0][1], 2) + " to " + words(now.course.at(-1)[1], 2) + "." : "Returns of " + plural(one.episodes, "episode") + (one.episodes ? ", the latest ones " + signed(seen.last) + " on average" : "") + "; the best policy gets " + signed(seen.best) + ".");
    for (const [name, dial] of Object.entries(dials)) dial.set(now[name]);
    for (const [name, b] of Object.entries(showButtons)) b.setAttribute("aria-pressed", String(name === now.show));
    tools.forEach(([kind, b]) => b.setAttribute("aria-pressed", String(kind === tool)));
    for (const [name, [text, b]] of Object.entries(deeds)) { const shown = running?.name === name ? "Stop" : text; if (b.textContent !== shown) b.textContent = shown; }
    triangleBox.checked = now.triangles;
  }
  const refresh = (said = "") => { note = said; tell(); soon(); };

  // ---- editing
  const begun = () => now.sweeps > 0 || now.one.episodes > 0 || now.one.moves > 0;
  const used = () => { if (begun()) now.kept = false; };
  function put(s, kind) {
    if (now.cells[s] === kind) return;
    if (now.cells[s] === START) return refresh("The start can't be painted over. Drag it away, or put it elsewhere.");
    used();
    if (kind === START) now.cells[now.world.start] = FLOOR;
    now.cells[s] = kind;
    now.values[s] = 0;
    now.one.q.fill(0, 4 * s, 4 * s + 4);
    now.one.tried.fill(0, 4 * s, 4 * s + 4);
    walk = null;
    if (now.one.path.some((p) => now.cells[p] === WALL)) now.one.path = [];
    if (now.one.at >= 0 && !isOpen(now.cells[now.one.at])) now.one.at = -1;
    rebuild(now);
    refresh();
  }
  function shift(from, to) { // drag a piece onto free floor
    if (now.cells[to] !== FLOOR) return false;
    const kind = now.cells[from];
    if (kind !== START) { now.cells[from] = FLOOR; now.values[from] = 0; }
    put(to, kind);
    return true;
  }
  const paint = (s, kind) => put(s, now.cells[s] === kind && kind !== START ? FLOOR : kind);
  function under(event) {
    const [x, y] = laid.plane.pointer(event), c = Math.floor(x / laid.side), r = Math.floor(y / laid.side);
    return c >= 0 && c < now.columns && r >= 0 && r < now.world.rows ? r * now.columns + c : -1;
  }
  worldCanvas.addEventListener("pointerdown", (event) => {
    const s = under(event);
    if (event.button || s < 0 || held) return;
    halt();
    worldCanvas.setPointerCapture(event.pointerId);
    worldCanvas.toggleAttribute("data-drag", true);
    status.setAttribute("aria-live", "off");
    const kind = now.cells[s];
    cursor = s;
    held = { id: event.pointerId, at: s, piece: ends(kind) || kind === START, moved: false };
    if (tool < 0) { looked = true; refresh(); }
    else if (!held.piece) { looked = false; paint(s, tool); held.paint = now.cells[s]; }
  });
  worldCanvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== held?.id) return;
    const s = under(event);
    if (s < 0 || s === held.at) return;
    if (held.piece) { if (shift(held.at, s)) { held.at = cursor = s; held.moved = true; looked = false; refresh(); } return; }
    held.at = cursor = s;
    if (tool < 0) refresh();
    else if (tool !== START && now.cells[s] !== START) put(s, held.paint);
    else if (tool === START) put(s, START);
  });
  for (const end of ["pointerup", "pointercancel"]) worldCanvas.addEventListener(end, (event) => {
    if (event.pointerId !== held?.id) return;
    if (end === "pointerup" && held.piece && !held.moved && tool >= 0) { looked = false; paint(held.at, tool); }
    held = null;
    worldCanvas.toggleAttribute("data-drag", false);
    status.setAttribute("aria-live", "polite");
  });
  worldCanvas.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  const letters = { f: FLOOR, w: WALL, g: GOAL, p: PRIZE, t: TRAP, s: START, Delete: FLOOR, Backspace: FLOOR };
  const arrows = { ArrowUp: 0, ArrowRight: 1, ArrowDown: 2, ArrowLeft: 3 };
  worldCanvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key in arrows) {
      const [down, right] = MOVES[arrows[key]], r = Math.floor(cursor / now.columns) + down, c = (cursor % now.columns) + right;
      if (r >= 0 && r < now.world.rows && c >= 0 && c < now.columns) cursor = r * now.columns + c;
      looked = true;
      refresh();
    } else if (key in letters) { halt(); looked = false; paint(cursor, letters[key]); }
    else if (key === "Enter" || key === " ") { if (tool >= 0) { halt(); looked = false; paint(cursor, tool); } else { looked = true; refresh(); } }
    else if (key === "v") run("sweep"); else if (key === "m") run("move"); else if (key === "e") run("episode");
    else return;
    event.preventDefault();
  });
  for (const [name, on] of [["focus", true], ["blur", false]]) worldCanvas.addEventListener(name, () => { focused = on && worldCanvas.matches(":focus-visible"); soon(); });

  // ---- sweeping and learning
  function halt() {
    if (!running) return;
    running = null;
    status.setAttribute("aria-live", "polite");
    tell();
  }
  const full = () => "That is enough: " + MOST_EPISODES.toLocaleString("en") + " episodes. Press Reset. ";
  /** Each deed: what it shows, one step of it (false when it is over), the wait between two steps in ms. */
  function plans(name) {
    let count = 0, said = "", left = null;
    const sweep = (most) => () => { if (now.sweeps >= MOST_SWEEPS) return false; sweepWorld(now); return ++count < most; };
    const episodes = (most) => () => { for (let k = 0; k < PER_FRAME && count < most; k++) { if (now.one.episodes >= MOST_EPISODES) { said = full(); return false; } playEpisode(now.one, now.world, now); count++; } return count < most; };
    const move = (single) => () => { if (now.one.episodes >= MOST_EPISODES) { said = full(); return false; } count++; const step = moveOn(now.one, now.world, now); if (single) said = moveInWords(now, step); return !step.done; };
    const stride = () => { walk.push(left.shift()); return left.length > 0; };
    if (name === "sweep") return ["plan", sweep(1), 0];
    if (name === "sweeps") return ["plan", sweep(MANY_SWEEPS), 90];
    if (name === "move") return ["learn", () => { move(true)(); return false; }, 0, () => said];
    if (name === "episode") return ["learn", move(false), () => (count < 25 ? 90 : 25), () => said];
    if (name === "episodes") return ["learn", episodes(MANY_EPISODES), 16, () => said];
    const q = survey(now).q;
    left = greedyWalk(now.world, q, seeded(9000 + now.seed + walks++));
    const whole = [...left];
    walk = [left.shift()];
    return [now.show, stride, 70, () => "A walk of the greedy policy, nothing learned: " + (ends(now.cells[whole.at(-1)]) ? plural(whole.length - 1, "move") + " to the " + NAMES[now.cells[whole.at(-1)]] + ", return " + signed(gainOf(whole)) + "." : "lost, cut off after " + MOST_MOVES + " moves.") + " It is worth " + signed(seen.worth) + " on average, the best one " + signed(seen.best) + "."];
  }
  const gainOf = (path) => path.slice(1).reduce((sum, s, k) => sum + now.gamma ** k * (PAYS[now.cells[s]] - now.cost), 0);
  function run(name) {
    if (running?.name === name) return halt();
    halt();
    walk = null; looked = false;
    const [show, step, wait, said = () => ""] = plans(name);
    now.show = show;
    if (!wait || reducedMotion()) { while (step()); return refresh2(said); }
    const mine = (running = { name });
    status.setAttribute("aria-live", "off");
    const turnOver = () => {
      if (running !== mine || !el.isConnected) return;
      const more = step();
      if (!more) { running = null; status.setAttribute("aria-live", "polite"); return refresh2(said); }
      refresh();
      setTimeout(turnOver, typeof wait === "function" ? wait() : wait);
    };
    turnOver();
  }
  const refresh2 = (said) => { tell(); refresh(said()); };

  // ---- controls
  function begin(setup) {
    halt();
    walk = null; looked = false; held = null; walks = 0;
    now = replay({ triangles: now?.triangles ?? false, ...setup });
    cursor = now.world.start;
    refresh();
  }
  const again = (seed) => begin({ ...now, grid: undefined, sweeps: 0, seed });
  const dial = (key, name, step = 0.01) => {
    const [min, max] = LIMITS[key], s = slider(name, { min, max, step, value: min, show: (v) => (+v).toFixed(2) }, (v) => { halt(); used(); now[key] = v; walk = null; if (key !== "epsilon" && key !== "alpha") rebuild(now); if (!begun()) now.course = [[0, distanceOf(now.world, now.values, now.exact.values).most]]; refresh(); });
    s.el.classList.add("dlm-wide");
    return s;
  };
  const dials = { gamma: dial("gamma", "Discount \u03b3"), epsilon: dial("epsilon", "Exploration \u03b5"), alpha: dial("alpha", "Learning rate \u03b1"), slip: dial("slip", "Slip"), cost: dial("cost", "Cost a move") };
  const deed = (name, text, attributes = {}) => [name, [text, button(text, () => run(name), attributes)]];
  const deeds = Object.fromEntries([deed("sweep", "One sweep"), deed("sweeps", MANY_SWEEPS + " sweeps"), deed("move", "One move"), deed("episode", "One episode"), deed("episodes", MANY_EPISODES + " episodes"), deed("walk", "Walk greedily")]);
  const showButtons = Object.fromEntries([["plan", "Value iteration"], ["learn", "Q-learning"], ["exact", "Exact"]].map(([name, text]) => [name, button(text, () => { halt(); walk = null; now.show = name; refresh(); }, { "aria-pressed": "false" })]));
  const triangleBox = h("input", { type: "checkbox", onchange: (event) => { now.triangles = event.target.checked; refresh(); } });
  const tools = [[-1, "", "Look"], [WALL, "block", "Wall"], [GOAL, "plus", "Goal +1"], [PRIZE, "plus dlm-small", "Prize +0.3"], [TRAP, "minus", "Trap \u22121"], [START, "home", "Start"], [FLOOR, "", "Floor"]].map(([kind, mark, text]) => {
    const b = h("button", { type: "button", "aria-pressed": "false", onclick: () => { tool = kind; looked = false; refresh(); } }, ...(mark ? [h("i", { class: "dlm-" + mark })] : []), text);
    return [kind, b];
  });
  const key = (text) => h("kbd", {}, text);
  const about = "Entering the goal, a prize or a trap pays and ends the episode; every move costs what the slider says. With chance Slip the foot goes to one of the two sides instead. A number is what a place is worth: the discounted sum of what follows if one always takes the best move. Arrows are the best moves, several if they are equal, none if all four are. "
    + "A sweep of value iteration computes every place from the values around it; the distance to the exact values shrinks at least by \u03b3 each time (dotted). The exact values come from policy iteration, each policy from one linear solve. Q-learning doesn't know the grid: it moves, with chance \u03b5 at random, and brings Q of that move the part \u03b1 nearer to the reward plus \u03b3 times the best Q that follows. Its line on the grid is the latest episode, cut off after " + MOST_MOVES + " moves; a return is the discounted sum of its rewards, exploration included. "
    + "Edits and sliders keep what was learned: move the goal, and watch it learn again. All readers have the same dice; New dice rolls others. On the grid: ";
  const wide = el.closest(".deck-part-live"); // a slide shows it in two columns
  const brush = h("div", { class: "dlm-row dlm-brush", role: "group", "aria-label": "What a tap on the grid does" }, h("span", {}, "Tap:"), ...tools.map(([, b]) => b));
  const body = h("div", { class: "dlm-body" }, asked,
    h("div", { class: "dlm-row" }, h("span", {}, "Try this:"), button("First grid", () => { question = ""; begin(given); }), ...Object.entries(TRIES).map(([name, [setup, text]]) => button(name, () => { question = text; begin({ ...setup, seed: given.seed }); }))),
    h("div", { class: "dlm-row dlm-deeds" }, h("span", {}, "Knowing the grid:"), deeds.sweep[1], deeds.sweeps[1], h("span", {}, ""), button("Reset", () => again(now.seed)), button("New dice", () => again((now.seed + 1) % 2 ** 31))),
    h("div", { class: "dlm-row dlm-deeds" }, h("span", {}, "By trial:"), deeds.move[1], deeds.episode[1], deeds.episodes[1], deeds.walk[1]),
    ...(wide ? [] : [brush]),
    h("div", { class: "dlm-main dlm-arena" },
      h("div", { class: "dlm-side" }, worldCanvas, ...(wide ? [brush] : []), curveCanvas),
      h("div", { class: "dlm-side" }, h("div", { class: "dlm-row dlm-show" }, h("div", { class: "dlm-row dlm-show", role: "group", "aria-label": "Values shown" }, ...Object.values(showButtons)), h("label", { class: "dlm-check" }, triangleBox, "Q of each move")), numbers.el, h("div", { class: "dlm-dials" }, ...Object.values(dials).map((s) => s.el)))),
    status,
    h("div", { class: "dlm-more" },
      h("details", {}, h("summary", {}, "What you see"), h("div", {}, about, key("arrows"), " move the cursor; ", key("W"), key("G"), key("P"), key("T"), key("S"), key("F"), " paint it; ", key("V"), " is one sweep, ", key("M"), " one move, ", key("E"), " one episode.")),
      linkButton(el, () => { const { one, kept } = now; return [[now.columns, ...Object.keys(LIMITS).map((name) => now[name]), SHOWN.indexOf(now.show), +now.triangles, now.seed, kept ? now.sweeps : 0, kept ? one.episodes : 0, kept && one.at >= 0 ? one.moves : 0], now.cells]; },
        (text) => { status.textContent = now.kept ? text : text.replace("as you see it now", "with this grid and these settings, before the first sweep or episode"); })));
  function start() {
    question = "";
    tool = -1;
    begin(readWorld(model.get("shared")) ?? given);
  }
  if (wide) el.dataset.wide = "yes";
  el.append(h("style", {}, STYLE), body);
  adopt(el, soon);
  start();
  model.on("change:shared", start);
  keepSharp(worldCanvas, soon);
  keepSharp(curveCanvas, soon);
}

export default { render };

// A grid that the reader edits: value iteration, sweep by sweep, and Q-learning, episode by episode, towards the same exact values.

import { adopt, button, facts, h, linkButton, reducedMotion, slider, words } from "./runtime.js";
import { keepSharp, palette } from "./plot.js";
import { seeded } from "./seeded.js";
import { onceAFrame, onFocus, onKey } from "./canvas_events.js";
import { plural } from "./counted_words.js";
import { distanceOf, ends, FLOOR, GOAL, greedyWalk, isOpen, MOST_MOVES, moveOn, MOVES, PAYS, playEpisode, PRIZE, START, TRAP, WALL } from "./tabular.js";
import { LIMITS, MOST_EPISODES, MOST_SWEEPS, readWorld, rebuild, replay, SHOWN, survey, sweepWorld } from "./grid_setup.js";
import { moveInWords, NAMES, placeInWords, signed, situation } from "./grid_words.js";
import { drawDistance, drawReturns, drawWorld } from "./grid_drawing.js";

const MANY_SWEEPS = 20, MANY_EPISODES = 200, PER_FRAME = 3;
const QUESTION = "One knows the grid, the other must try its moves. How many sweeps will it take, and how many episodes, until the arrows lead to the goal? Guess, then try.";
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
  // on a phone what is told stands below the grid
  "@container (max-width: 560px) { .dlm-arena, .dlm-arena > .dlm-side { display: contents; } .dlm-body > .dlm-status { order: 1; } .dlm-brush { order: 2; } .dlm-arena .dlm-world ~ *, .dlm-arena > .dlm-side + .dlm-side > * { order: 2; } .dlm-more { order: 3; } }",
  "@container (max-width: 480px) { .dlm-body > .dlm-status { min-height: 8.2em; } .dlm-deeds > span { flex: 1 1 100%; } .dlm-deeds > span:empty { display: none; } }",
  // on a slide: the grid left, all that goes with it right
  "[data-wide=yes] .dlm-arena, [data-wide=yes] .dlm-arena > .dlm-side { display: contents; }",
  "[data-wide=yes] .dlm-arena > * > * { break-inside: avoid; margin-bottom: 8px; }",
  "[data-wide=yes] .dlm-world { width: 440px; margin-inline: auto; }",
  "[data-wide=yes] .dlm-facts, [data-wide=yes] .dlm-dials { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0 22px; }",
  "[data-wide=yes] .dlm-returns { aspect-ratio: 4 / 1; }",
].join("\n");

function render({ model, el }) {
  const given = { grid: model.get("grid"), seed: model.get("seed"), ...Object.fromEntries(Object.keys(LIMITS).map((name) => [name, model.get(name)])), show: "learn", triangles: false };
  let now, seen, question = "", note = "", tool = -1, cursor = 0, looked = false, focused = false, held = null, running = null, walks = 0, walk = null, laid = null;

  // ---- the parts of the page
  const worldCanvas = h("canvas", { class: "dlm-world", tabindex: 0, role: "application" });
  const curveCanvas = h("canvas", { class: "dlm-returns", role: "img" });
  const status = h("div", { class: "dlm-status", role: "status", "aria-live": "polite" });
  const asked = h("div", { class: "dlm-question" });
  const numbers = facts({ sweeps: "Sweeps", episodes: "Episodes", start: "The start is worth", policy: "Greedy policy gets", best: "The best one gets", far: "Farthest from exact" });

  // ---- drawing
  function draw() {
    if (!seen) return;
    const ink = palette(el);
    laid = drawWorld(worldCanvas, ink, now, seen, walk ?? (now.show === "learn" ? now.one.path : []), looked || focused ? cursor : -1);
    if (now.show === "plan") drawDistance(curveCanvas, ink, now); else drawReturns(curveCanvas, ink, now, seen);
  }
  const soon = onceAFrame(draw);

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
  // drag a piece onto free floor
  function shift(from, to) {
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
  onKey(worldCanvas, (key) => {
    if (key in arrows) {
      const [down, right] = MOVES[arrows[key]], r = Math.floor(cursor / now.columns) + down, c = (cursor % now.columns) + right;
      if (r >= 0 && r < now.world.rows && c >= 0 && c < now.columns) cursor = r * now.columns + c;
      looked = true;
      refresh();
    } else if (key in letters) { halt(); looked = false; paint(cursor, letters[key]); }
    else if (key === "Enter" || key === " ") { if (tool >= 0) { halt(); looked = false; paint(cursor, tool); } else { looked = true; refresh(); } }
    else if (key === "v") run("sweep");
    else if (key === "m") run("move");
    else if (key === "e") run("episode");
    else return false;
  });
  onFocus(worldCanvas, (on) => { focused = on; soon(); });

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
  // a slide shows it in two columns
  const wide = el.closest(".deck-part-live");
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

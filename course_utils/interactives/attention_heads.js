// A trained character transformer in the page: where each head looks, what comes next, and what a head is worth.

import { adopt, button, facts, h, linkButton, reducedMotion, slider, words } from "./runtime.js";
import { keepSharp, palette } from "./plot.js";
import { onceAFrame, onKey } from "./canvas_events.js";
import { headName, percent } from "./head_views.js";
import { begin, bitsOf, extend, habitsOf, loadTransformer, logitsAt, sharpened } from "./transformer.js";
import { again, argmax, bestHead, bitsPerCharacter, headThatLooksAt, headThatSees, nextId, readLetter, readOn, readText, shown, TOPS, worthOfHead } from "./character_reading.js";
import { drawGrid, drawMap, drawStrip, signed } from "./attention_drawing.js";

const MOST_TYPED = 100, BARS = 6;
const QUESTION = "Where does each head look while the network guesses the next character? Guess, then choose heads and characters.";

/** Set-ups: text, question, and how to pick head, character and the rest from what the network shows. */
export const TRIES = {
  "Near": ["Returns the mean of the array elements along the given axis.", "Some heads see hardly further than three characters back. In which layer are they? Guess from the small maps, then walk along the text.",
    (state) => ({ head: bestHead(state, (one) => -one.spread), place: 36 })],
  "Word start": ["Returns the mean of the array elements along the given axis.", "One head looks for where the word began. Which one? Guess from the small maps, then walk from word to word.",
    (state, start) => ({ head: headThatLooksAt(state, 36 + start, 29 + start), place: 36 + start })],
  "Bracket": ["The shape of the output (rows, columns", "A bracket is still open. Does any head look back at it, and is a closing one among the guesses? Guess first.",
    (state) => ({ head: headThatSees(state, "(") })],
  "New word": ["The zumbral is large. The zumb", "It has just read a word that nobody wrote before. Will it write it again, r-a-l? Guess, then look at the bars, and at where the heads look.",
    (state) => ({ head: headThatLooksAt(state, state.ids.length - 1, again(state)) })],
  "Cold": ["The ", "Cold: it always takes what is most likely. What will become of the text? Guess, then watch.", () => ({ temperature: 0, top: 0, write: true })],
  "Hot": ["The ", "Hot: rare characters come nearly as often as common ones. What will become of the text? Guess, then watch.", () => ({ temperature: 1.8, top: 0, write: true })],
};

const STYLE = [
  ".dlm-say textarea { font: 15px/1.4 ui-monospace, Menlo, Consolas, monospace; display: block; width: 100%; min-width: 0; color: var(--fg); background: var(--plane); border: 1px solid var(--edge); border-radius: 6px; padding: 5px 9px; margin: 0; resize: vertical; }",
  ".dlm textarea:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }",
  ".dlm .dlm-strip, .dlm .dlm-heads { aspect-ratio: auto; cursor: pointer; touch-action: pan-y; }",
  ".dlm-look { display: grid; grid-template-columns: minmax(0, 1.08fr) minmax(0, 1fr); gap: 14px; align-items: start; }",
  ".dlm-look .dlm-map { cursor: pointer; touch-action: pan-y; }",
  ".dlm-look .dlm-side { gap: 7px; }",
  ".dlm-bars { display: grid; gap: 3px; align-content: start; min-width: 0; }",
  ".dlm-bars > div { display: grid; grid-template-columns: 3.3em 1fr 3.6em; gap: 8px; align-items: center; }",
  ".dlm-bars > div > span { font-family: ui-monospace, Menlo, Consolas, monospace; text-align: right; white-space: pre; }",
  ".dlm-bars i { display: block; height: 13px; background: var(--plus); border-radius: 2px; min-width: 1px; }",
  ".dlm-bars [data-came] i { background: var(--accent); }",
  ".dlm-bars [data-came] > span { font-weight: 700; color: var(--accent); }",
  ".dlm-bars b { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; font-weight: 600; }",
  ".dlm-guess { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 8px 22px; align-items: start; }",
  ".dlm-guess > .dlm-side { gap: 6px; }",
  ".dlm-guess .dlm-slider.dlm-wide { grid-template-columns: 6.4em 1fr 3.4em; }",
  ".dlm-head { color: var(--muted); font-size: .92em; }",
  ".dlm-body > .dlm-status { overflow-wrap: anywhere; }",
  "@container (max-width: 480px) { .dlm-look, .dlm-guess { grid-template-columns: minmax(0, 1fr); } .dlm-run4 button { flex: 1 1 7em; } }",
].join("\n");

function render({ model, el }) {
  const alphabet = [...model.get("alphabet")], net = Object.assign(loadTransformer(model.get("network")), { alphabet }), { layers, heads, length } = net.config, count = layers * heads, start = alphabet[0] === "\0" ? 1 : 0, most = length - start;
  const given = { text: model.get("text"), head: model.get("layer") * heads + model.get("head"), place: Infinity, temperature: model.get("temperature"), top: 0, off: [], prompt: Infinity };
  let now, read, state, bits, costs = null, plain = 0, question = "", note = "", writing = 0, measuring = 0, turn = 1;

  // ---- the parts of the page
  const box = h("textarea", { rows: 2, maxlength: Math.min(MOST_TYPED, most), autocomplete: "off", autocapitalize: "off", spellcheck: "false", "aria-label": "Text that the network reads, " + Math.min(MOST_TYPED, most) + " characters at most" });
  const strip = h("canvas", { class: "dlm-strip", tabindex: 0, role: "application" });
  const map = h("canvas", { class: "dlm-map", role: "img" });
  const grid = h("canvas", { class: "dlm-heads", tabindex: 0, role: "application" });
  const status = h("div", { class: "dlm-status", role: "status", "aria-live": "polite" });
  const asked = h("div", { class: "dlm-question" });
  const bars = h("div", { class: "dlm-bars", role: "img" });
  const chosen = h("div", { class: "dlm-head" });
  const guess = h("div", { class: "dlm-head" });
  const numbers = facts({ bits: "Bits per character", before: "On the one before", itself: "On itself", first: start ? "On the start \u25b7" : "On the first" });
  const nameOf = (k) => headName(k, heads);

  // ---- drawing
  const signs = alphabet.map((c) => shown(c).replace("\u2423", "\u00b7"));
  let laid = null, gridded = null, mapped = null;
  function draw() {
    if (!state) return;
    const ink = palette(el);
    laid = drawStrip(strip, ink, { state, now, bits, signs, start });
    mapped = drawMap(map, ink, { state, now, signs });
    gridded = drawGrid(grid, ink, { state, now, costs });
  }
  const soon = onceAFrame(draw);

  // ---- words
  const sign = (t) => "\u201c" + shown(alphabet[state.ids[t]]) + "\u201d";
  function tell() {
    const row = state.looks[now.head]?.[now.place], habits = habitsOf(state.looks[now.head]), per = bitsPerCharacter(bits), some = state.ids.length > start;
    const chances = row ? sharpened(logitsAt(state, now.place), now.temperature, now.top) : [], came = state.ids[now.place + 1], order = chances.map((p, k) => [p, k]).sort((a, b) => b[0] - a[0]).slice(0, BARS);
    const raw = row && came !== undefined ? sharpened(logitsAt(state, now.place), 1)[came] : 0;
    let said = "";
    if (row) {
      const best = argmax([...row]), away = now.place - best;
      said = "From " + sign(now.place) + " (character " + (now.place + 1 - start) + "), " + nameOf(now.head) + " puts " + percent(row[best]) + " on " + sign(best) + (away === 0 ? ", itself" : away === 1 ? ", one back" : best < start ? ", the start" : ", " + away + " back") + ". "
        + (came === undefined ? "Its guess for what comes next: " + (order[0] ? "\u201c" + shown(alphabet[order[0][1]]) + "\u201d, " + percent(order[0][0]) : "") + "." : "Next came " + sign(now.place + 1) + ", to which it gave " + percent(raw) + ": " + words(bits[now.place + 1], 2) + " bits.");
    }
    const lost = read.lost.length ? "It has no sign for " + read.lost.slice(0, 4).join(" ") + " and leaves " + (read.lost.length > 1 ? "them" : "it") + " out. " : "";
    status.textContent = note + lost + (some || start ? said : "Type a few words.");
    asked.textContent = question || QUESTION;
    if (box.value !== now.text) box.value = now.text;
    numbers.set({ bits: some && state.ids.length > 1 ? per.toFixed(2) + (now.off.length ? ", was " + plain.toFixed(2) : "") : "\u2013", ...Object.fromEntries(["before", "itself", "first"].map((key) => [key, state.ids.length > 2 ? percent(habits[key]) : "\u2013"])) });
    chosen.textContent = "All heads; chosen: " + nameOf(now.head) + (now.off.includes(now.head) ? ", off" : "");
    guess.textContent = row ? "What comes after " + sign(now.place) + "?" : "What comes next?";
    bars.replaceChildren(...order.map(([p, k]) => h("div", { "data-came": k === came }, h("span", {}, shown(alphabet[k])), h("i", { style: "width:" + (100 * p).toFixed(1) + "%" }), h("b", {}, percent(p)))));
    bars.setAttribute("aria-label", "Chances of the next character: " + order.map(([p, k]) => shown(alphabet[k]) + " " + percent(p)).join(", ") + ".");
    strip.setAttribute("aria-label", "The text, " + (state.ids.length - start) + " characters. The left and right arrow keys choose one. " + said);
    grid.setAttribute("aria-label", "Small maps of all " + count + " heads. The arrow keys choose one, X switches it off or on. Chosen: " + nameOf(now.head) + (now.off.includes(now.head) ? ", off" : "") + ". ");
    map.setAttribute("aria-label", "Map of " + nameOf(now.head) + ": each row is a character that looks, each column one that is looked at. Mean weight on the one before " + percent(habits.before) + ", on itself " + percent(habits.itself) + ", on the first " + percent(habits.first) + ".");
    heat.set(now.temperature);
    topped.set(TOPS.indexOf(now.top));
    writeButton.textContent = writing ? "Stop" : "Write on";
    writeButton.setAttribute("aria-pressed", String(!!writing));
    offButton.textContent = now.off.includes(now.head) ? "Switch on" : "Switch off";
    allButton.disabled = !now.off.length;
    worthButton.textContent = measuring ? "Stop" : "Which matters?";
  }
  function go(change, said = "") {
    const anotherRun = "text" in change || "off" in change || !state;
    now = { ...now, ...change };
    if ("text" in change) { costs = null; measuring = 0; }
    note = said;
    if (anotherRun) {
      read = readText(now.text, alphabet, length);
      state = readOn(net, state, read.ids, now.off);
      bits = bitsOf(state);
      if (now.off.length && (!("off" in change) || !plain || "text" in change)) plain = bitsPerCharacter(bitsOf(extend(begin(net), read.ids)));
      if (!now.off.length) plain = bitsPerCharacter(bits);
    }
    now.place = Math.max(0, Math.min(state.ids.length - 1, now.place));
    now.prompt = Math.min(now.prompt, [...now.text].length);
    tell(); soon();
  }
  const choose = (place) => { if (place !== now.place && place >= 0 && place < state.ids.length) go({ place }); };
  const pick = (head) => { if (head >= 0 && head < count && head !== now.head) go({ head }); };
  const flip = (head) => go({ off: now.off.includes(head) ? now.off.filter((k) => k !== head) : [...now.off, head] });

  // ---- writing on, and measuring
  function one() {
    if (state.ids.length >= length) return false;
    if (!state.ids.length) return false;
    const id = nextId(state, now.temperature, now.top, turn), c = alphabet[id];
    if (c === "\0") { go({}, "Here it would end the text. "); return false; }
    go({ text: state.ids.slice(start).map((k) => alphabet[k]).join("") + c, place: Infinity });
    return state.ids.length < length;
  }
  function write() {
    if (writing) { writing = 0; return tell(); }
    if (state.ids.length >= length) return go({}, "It reads " + most + " characters at most: take some away. ");
    const mine = (writing = performance.now() + 1);
    if (now.prompt >= [...now.text].length) now.prompt = [...now.text].length;
    status.setAttribute("aria-live", "off");
    const turnOver = () => {
      if (writing !== mine || !el.isConnected) return status.setAttribute("aria-live", "polite");
      let more = one();
      if (reducedMotion()) while (more) more = one();
      if (more) return setTimeout(turnOver, 45);
      writing = 0;
      status.setAttribute("aria-live", "polite");
      tell();
    };
    turnOver();
  }
  const stop = () => { writing = measuring = 0; };
  function anew() {
    stop();
    turn++;
    const prompt = [...now.text].slice(0, now.prompt).join("");
    go({ text: prompt, prompt: [...prompt].length, place: Infinity });
    write();
  }
  /** Switch each head off alone, one after the other, and see what the text costs then. */
  function measure() {
    if (measuring) { measuring = 0; return tell(); }
    if (state.ids.length < 3) return;
    const mine = (measuring = performance.now() + 1), ids = [...state.ids];
    costs = [];
    const turnOver = () => {
      if (measuring !== mine || !el.isConnected) return;
      costs.push(worthOfHead(net, ids, costs.length));
      if (costs.length < count) { soon(); return setTimeout(turnOver, 0); }
      measuring = 0;
      const worst = argmax(costs);
      note = "Switched off alone, " + nameOf(worst) + " costs most: " + signed(costs[worst]) + " bits per character. ";
      tell(); soon();
    };
    tell();
    setTimeout(turnOver, 0);
  }

  // ---- pointer and keys
  function under(event) {
    const [x, y] = laid.plane.pointer(event), column = Math.floor(x / laid.wide);
    return column >= 0 && column < laid.inLine ? Math.max(0, Math.floor(y / laid.block)) * laid.inLine + column : -1;
  }
  strip.addEventListener("pointerdown", (event) => { if (!event.button) choose(under(event)); });
  strip.addEventListener("pointermove", (event) => { if (event.pointerType !== "mouse" ? event.buttons : event.buttons === 1) choose(under(event)); });
  map.addEventListener("pointerdown", (event) => { const y = mapped.plane.pointer(event)[1]; choose(Math.max(0, Math.floor((y - mapped.edge) / mapped.cell))); });
  grid.addEventListener("pointerdown", (event) => {
    const [x, y] = gridded.plane.pointer(event);
    pick(Math.min(layers - 1, Math.floor(y / gridded.block)) * heads + Math.min(heads - 1, Math.floor(x / gridded.wide)));
  });
  const keys = (canvas, moves) => onKey(canvas, (key) => { if (!moves[key]) return false; moves[key](); });
  keys(strip, { ArrowRight: () => choose(now.place + 1), ArrowLeft: () => choose(now.place - 1), ArrowDown: () => choose(now.place + (state.ids.length > laid.inLine ? laid.inLine : 1)), ArrowUp: () => choose(now.place - (state.ids.length > laid.inLine ? laid.inLine : 1)), Home: () => choose(0), End: () => choose(state.ids.length - 1) });
  keys(grid, { ArrowRight: () => pick(now.head + 1), ArrowLeft: () => pick(now.head - 1), ArrowDown: () => pick(now.head + heads), ArrowUp: () => pick(now.head - heads), Home: () => pick(0), End: () => pick(count - 1), x: () => flip(now.head) });
  box.addEventListener("input", () => { stop(); question = ""; go({ text: box.value, place: Infinity, prompt: Infinity }); });

  // ---- controls
  const heat = slider("Temperature", { min: 0, max: 2, step: 0.05, value: 1, show: (v) => (+v === 0 ? "0" : (+v).toFixed(2)) }, (v) => go({ temperature: v }));
  const topped = slider("Only the top", { min: 0, max: TOPS.length - 1, step: 1, value: TOPS.length - 1, show: (k) => (TOPS[k] === 0 ? "all" : String(TOPS[k])) }, (k) => go({ top: TOPS[k] }));
  for (const one of [heat, topped]) one.el.classList.add("dlm-wide");
  const writeButton = button("Write on", write, { class: "dlm-first" });
  const offButton = button("Switch off", () => flip(now.head));
  const allButton = button("All on", () => go({ off: [] }));
  const worthButton = button("Which matters?", measure);
  function tryOut(name) {
    const [text, ask, how] = TRIES[name];
    stop();
    question = ask;
    turn = 1;
    go({ ...given, text, prompt: [...text].length, off: [] });
    const { write: on, ...rest } = how(state, start);
    go(rest);
    if (on) write();
  }
  const about = "The network runs here: " + layers + " layers of " + heads + " heads. Each head asks from every character how well it fits each earlier one, q \u00b7 k / \u221a" + net.config.width / heads + ", and a softmax turns the scores into weights that add up to 100 %: the darker, the more. No character sees what comes after it. "
    + "The small maps show all heads: the row is the character that looks, the column the one looked at. Orange below a character: its surprise in bits, 10 at full height; a text without surprise could be stored in nothing. A head that is off adds nothing to what goes on. "
    + "The bars are the network's chances for the next character at the chosen temperature, of those kept; the one that came is green. Temperature divides the scores before the softmax. Signs: \u25b7 start, \u00b7 or \u2423 space, \u21b5 new line. With the text in focus: ";
  const wide = el.closest(".deck-part-live"), lookPart = h("div", { class: "dlm-look" }, map, h("div", { class: "dlm-side" }, chosen, grid, h("div", { class: "dlm-row" }, offButton, allButton, worthButton)));
  const guessPart = h("div", { class: "dlm-guess" }, h("div", { class: "dlm-side" }, guess, bars), h("div", { class: "dlm-side" }, numbers.el, heat.el, topped.el));
  const body = h("div", { class: "dlm-body" }, asked,
    h("div", { class: "dlm-row" }, h("span", {}, "Try this:"), ...Object.keys(TRIES).map((name) => button(name, () => tryOut(name)))),
    h("div", { class: "dlm-say" }, box),
    h("div", { class: "dlm-row dlm-run4" }, writeButton, button("One more", () => { stop(); if (state.ids.length >= length) return go({}, "It reads " + most + " characters at most: take some away. "); now.prompt = Math.min(now.prompt, [...now.text].length); one(); }), button("Write anew", anew), button("Reset", () => { stop(); question = ""; turn = 1; go({ ...given }); })),
    strip, status,
    // the columns of a slide are as high as each other so
    ...(wide ? [guessPart, lookPart] : [lookPart, guessPart]),
    h("div", { class: "dlm-more" },
      h("details", {}, h("summary", {}, "What you see"), h("div", {}, about, h("kbd", {}, "\u2190"), " and ", h("kbd", {}, "\u2192"), " choose a character; with the small maps in focus the arrow keys choose a head and ", h("kbd", {}, "X"), " switches it.")),
      linkButton(el, () => [[now.head, now.place, now.temperature, now.top, now.prompt], now.off, [...now.text].map((c) => alphabet.indexOf(c)).filter((k) => k >= 0)], (text) => { status.textContent = text; })));
  function start_() {
    stop();
    question = "";
    state = null;
    now = {};
    go({ ...given, ...readLetter(model.get("shared"), net.config, alphabet) });
  }
  if (wide) el.dataset.wide = "yes";
  el.append(h("style", {}, STYLE), body);
  adopt(el, draw);
  start_();
  model.on("change:shared", start_);
  keepSharp(strip, soon);
  keepSharp(map, soon);
}

export default { render };

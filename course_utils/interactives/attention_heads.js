// A trained character transformer in the page: where each head looks, what comes next, and what a head is worth.

import { adopt, button, facts, h, linkButton, reducedMotion, slider, words } from "./runtime.js";
import { createPlane, keepSharp, palette } from "./plot.js";
import { seeded } from "./seeded.js";
import { begin, bitsOf, drawn, extend, habitsOf, loadTransformer, logitsAt, sharpened, shorten } from "./transformer.js";

const MOST_TYPED = 100, BARS = 6, CELL = 15, CHARACTER = 22, SURPRISE = 12, STRIP = 17, TOPS = [1, 2, 3, 5, 8, 12, 20, 0];
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

// ---- the pure part

/** Characters of a text as numbers, the start before them if the alphabet has one; `lost` are those that it has not. */
export function readText(text, alphabet, length) {
  const start = alphabet[0] === "\0" ? [0] : [], all = [...text.replace(/\r\n?/g, "\n")], fits = all.filter((c) => c !== "\0" && alphabet.includes(c));
  return { ids: [...start, ...fits.map((c) => alphabet.indexOf(c))].slice(0, length), lost: [...new Set(all.filter((c) => !alphabet.includes(c)))] };
}
/** Read a text; what was read before and begins alike is not computed again. */
export function readOn(net, state, ids, off) {
  const same = state && state.off.size === off.length && off.every((k) => state.off.has(k));
  const now = same ? state : begin(net, off);
  let common = 0;
  while (common < now.ids.length && common < ids.length && now.ids[common] === ids[common]) common++;
  shorten(now, common);
  if (ids.length > common) extend(now, ids.slice(common));
  return now;
}
const argmax = (values) => values.indexOf(Math.max(...values));
/** The head that is best at something. */
export const bestHead = (state, good) => argmax(state.looks.map((rows) => good(habitsOf(rows))));
export const headThatLooksAt = (state, place, at) => argmax(state.looks.map((rows) => (at < 0 ? 0 : rows[place][at])));
/** The head that looks most from the last character at the last one of these. */
export function headThatSees(state, character) {
  return headThatLooksAt(state, state.ids.length - 1, state.ids.lastIndexOf(state.net.alphabet.indexOf(character)));
}
/** Where the longest end of the text stood before: the place behind it, which the network could copy. -1 if there is none. */
export function again({ ids }) {
  let best = [0, -1];
  for (let at = ids.length - 2; at >= 0; at--) {
    let k = 0;
    while (k <= at && ids[at - k] === ids[ids.length - 1 - k]) k++;
    if (k > best[0]) best = [k, at + 1];
  }
  return best[1];
}
export const bitsPerCharacter = (bits) => bits.slice(1).reduce((a, b) => a + b, 0) / Math.max(1, bits.length - 1);
/** How many bits per character a text costs more when one head is off, all others on. */
export function worthOfHead(net, ids, head) {
  const cost = (off) => bitsPerCharacter(bitsOf(extend(begin(net, off), ids)));
  return cost([head]) - cost([]);
}
/** The next character: dice that depend on the turn and the place alone, so that all readers meet the same text. */
export const nextId = (state, temperature, top, turn) => drawn(sharpened(logitsAt(state, state.ids.length - 1), temperature, top), seeded(turn * 7919 + state.ids.length * 104729)());
/** How a character is shown. */
export const shown = (c) => ({ "\0": "\u25b7", "\n": "\u21b5", "\t": "\u21e5", " ": "\u2423" })[c] ?? c;

/** A set-up from a link: [[head, place, temperature, top, start], heads that are off, codes of the signs]; null if it is none. */
export function readLetter(state, { layers, heads, length }, alphabet) {
  if (!Array.isArray(state) || state.length !== 3 || !state.every((row) => Array.isArray(row) && row.every(Number.isFinite))) return null;
  const [[head, place, temperature, top, prompt], off, codes] = state, whole = (v, most) => Number.isInteger(v) && v >= 0 && v < most;
  return state[0].length === 5 && whole(head, layers * heads) && whole(place, length) && temperature >= 0 && temperature <= 2 && TOPS.includes(top) && whole(prompt, length + 1)
    && off.length <= layers * heads && off.every((k) => whole(k, layers * heads)) && codes.length <= length && codes.every((k) => whole(k, alphabet.length))
    ? { head, place, temperature, top, prompt, off: [...new Set(off)], text: codes.map((k) => alphabet[k]).join("") } : null;
}

function render({ model, el }) {
  const alphabet = [...model.get("alphabet")], net = Object.assign(loadTransformer(model.get("network")), { alphabet }), { layers, heads, length } = net.config, count = layers * heads, start = alphabet[0] === "\0" ? 1 : 0, most = length - start;
  const given = { text: model.get("text"), head: model.get("layer") * heads + model.get("head"), place: Infinity, temperature: model.get("temperature"), top: 0, off: [], prompt: Infinity };
  let now, read, state, bits, costs = null, plain = 0, question = "", note = "", waiting = 0, writing = 0, measuring = 0, turn = 1;

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
  const nameOf = (k) => "layer " + (Math.floor(k / heads) + 1) + ", head " + ((k % heads) + 1);
  const percent = (v) => (v >= 0.995 ? "100 %" : v < 0.005 ? (v > 0 ? "< 1 %" : "0 %") : Math.round(100 * v) + " %");
  const signed = (v) => (v < -0.0005 ? "\u2212" : "+") + Math.abs(v).toFixed(2);

  // ---- drawing
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const shades = (ink) => { const [pale, deep] = [ink.plane, ink.plus].map(rgb); return (a) => "rgb(" + pale.map((v, i) => Math.round(v + Math.sqrt(a) * (deep[i] - v))).join() + ")"; };
  let laid = null, gridded = null, mapped = null;
  function planeOf(canvas, high) {
    const width = canvas.clientWidth || 340;
    if (canvas.style.height !== high + "px") canvas.style.height = high + "px";
    const plane = createPlane(canvas, { view: [0, 1, 0, 1], ratio: high / width, pad: [0, 0, 0, 0] });
    plane.fit();
    return plane;
  }
  /** The text, one cell for each character: the darker, the more the chosen one looks at it; below, its surprise. */
  function drawStrip(ink) {
    const width = strip.clientWidth || 680, inLine = Math.max(8, Math.floor(width / CELL)), lines = Math.max(1, Math.ceil(state.ids.length / inLine)), block = CHARACTER + SURPRISE + 5;
    const wide = Math.min(CELL + 3, width / Math.min(inLine, Math.max(state.ids.length, 24))), plane = planeOf(strip, lines * block), { ctx } = plane, row = state.looks[now.head]?.[now.place] ?? [], shade = shades(ink), font = "14px ui-monospace, Menlo, Consolas, monospace";
    laid = { plane, inLine, wide, block };
    ctx.textAlign = "center"; ctx.textBaseline = "middle";
    state.ids.forEach((id, t) => {
      const x = (t % inLine) * wide, y = Math.floor(t / inLine) * block, here = t === now.place, a = row[t] ?? 0;
      ctx.fillStyle = a > 0 ? shade(a) : ink.plane;
      ctx.globalAlpha = t > now.place ? 0.35 : 1;
      ctx.fillRect(x, y, wide - 1, CHARACTER);
      ctx.globalAlpha = 1;
      ctx.fillStyle = Math.sqrt(a) > 0.62 ? ink.plane : t >= now.prompt + start ? ink.accent : t > now.place ? ink.muted : ink.fg;
      ctx.font = (t >= now.prompt + start ? "700 " : "") + font;
      const sign = shown(alphabet[id]);
      ctx.fillText(sign === "\u2423" ? "\u00b7" : sign, x + (wide - 1) / 2, y + CHARACTER / 2 + 1);
      const high = Math.min(1, bits[t] / 10) * SURPRISE;
      ctx.fillStyle = ink.minus;
      ctx.fillRect(x + 1, y + CHARACTER + 1, wide - 3, high);
      if (here) { ctx.strokeStyle = ink.accent; ctx.lineWidth = 2.4; ctx.strokeRect(x + 0.5, y + 1, wide - 2, CHARACTER - 2); }
    });
  }
  function drawMap(ink) {
    const plane = createPlane(map, { view: [0, 1, 0, 1], pad: [0, 0, 0, 0] }), { ctx } = plane, rows = state.looks[now.head], n = Math.max(1, rows.length), shade = shades(ink);
    plane.fit();
    const edge = n <= 34 ? 15 : 0, cell = (plane.width - edge) / n;
    mapped = { plane, edge, cell };
    ctx.fillStyle = ink.plane; ctx.fillRect(edge, edge, plane.width, plane.height);
    rows.forEach((row, t) => row.forEach((a, j) => {
      if (a < 0.002) return;
      ctx.fillStyle = shade(a);
      ctx.fillRect(edge + j * cell, edge + t * cell, Math.max(cell - (cell > 6 ? 0.7 : 0), 0.8), Math.max(cell - (cell > 6 ? 0.7 : 0), 0.8));
    }));
    if (edge) {
      ctx.font = "11px ui-monospace, Menlo, Consolas, monospace"; ctx.textAlign = "center"; ctx.textBaseline = "middle"; ctx.fillStyle = ink.muted;
      state.ids.forEach((id, t) => { const sign = shown(alphabet[id]).replace("\u2423", "\u00b7"); ctx.fillText(sign, edge + (t + 0.5) * cell, edge / 2); ctx.fillText(sign, edge / 2, edge + (t + 0.5) * cell); });
    }
    ctx.strokeStyle = ink.grid; ctx.lineWidth = 1;
    ctx.beginPath(); ctx.moveTo(edge, edge); ctx.lineTo(edge + n * cell, edge + n * cell); ctx.stroke();
    if (now.place < rows.length) { ctx.strokeStyle = ink.accent; ctx.lineWidth = 2; ctx.strokeRect(edge + 1, edge + now.place * cell - 0.5, (now.place + 1) * cell - 1, Math.max(cell, 3) + 1); }
  }
  /** All heads, one row of small maps for each layer; below each its name, and what it is worth once that is measured. */
  function drawGrid(ink) {
    const width = grid.clientWidth || 320, wide = width / heads, side = Math.min(wide - 6, 88), block = side + STRIP + 4, plane = planeOf(grid, layers * block), { ctx } = plane, shade = shades(ink);
    gridded = { plane, wide, block };
    ctx.textAlign = "center"; ctx.textBaseline = "middle";
    for (let k = 0; k < count; k++) {
      const x = (k % heads) * wide + (wide - side) / 2, y = Math.floor(k / heads) * block + 2, rows = state.looks[k], cell = side / Math.max(1, rows.length);
      ctx.fillStyle = ink.plane; ctx.fillRect(x, y, side, side);
      rows.forEach((row, t) => row.forEach((a, j) => { if (a > 0.01) { ctx.fillStyle = shade(a); ctx.fillRect(x + j * cell, y + t * cell, Math.max(cell, 1), Math.max(cell, 1)); } }));
      ctx.strokeStyle = k === now.head ? ink.accent : ink.grid; ctx.lineWidth = k === now.head ? 3 : 1;
      ctx.strokeRect(x, y, side, side);
      if (now.off.includes(k)) { ctx.strokeStyle = ink.minus; ctx.lineWidth = 3; ctx.beginPath(); ctx.moveTo(x + 4, y + 4); ctx.lineTo(x + side - 4, y + side - 4); ctx.moveTo(x + side - 4, y + 4); ctx.lineTo(x + 4, y + side - 4); ctx.stroke(); }
      ctx.font = (k === now.head ? "700 " : "") + ink.font; ctx.fillStyle = k === now.head ? ink.fg : ink.muted;
      ctx.fillText(costs?.[k] === undefined ? Math.floor(k / heads) + 1 + "." + ((k % heads) + 1) : signed(costs[k]), x + side / 2, y + side + STRIP / 2 + 1);
    }
  }
  function draw() {
    waiting = 0;
    if (!state) return;
    const ink = palette(el);
    drawStrip(ink); drawMap(ink); drawGrid(ink);
  }
  const soon = () => { waiting ||= requestAnimationFrame(draw); };

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
  const keys = (canvas, moves) => canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = moves[event.key];
    if (!act) return;
    act();
    event.preventDefault();
  });
  keys(strip, { ArrowRight: () => choose(now.place + 1), ArrowLeft: () => choose(now.place - 1), ArrowDown: () => choose(now.place + (state.ids.length > laid.inLine ? laid.inLine : 1)), ArrowUp: () => choose(now.place - (state.ids.length > laid.inLine ? laid.inLine : 1)), Home: () => choose(0), End: () => choose(state.ids.length - 1) });
  keys(grid, { ArrowRight: () => pick(now.head + 1), ArrowLeft: () => pick(now.head - 1), ArrowDown: () => pick(now.head + heads), ArrowUp: () => pick(now.head - heads), Home: () => pick(0), End: () => pick(count - 1), x: () => flip(now.head), X: () => flip(now.head) });
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
    ...(wide ? [guessPart, lookPart] : [lookPart, guessPart]), // the columns of a slide are as high as each other so
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

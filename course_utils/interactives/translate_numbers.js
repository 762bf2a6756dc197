// Number words from English to German in the page, letter by letter, with a heat map of where the network looks.

import { adopt, button, facts, h, linkButton, slider, words } from "./runtime.js";
import { createPlane, keepSharp, palette } from "./plot.js";
import { loadTranslator, spreadOfLooks, translate } from "./translator.js";
import { englishOf, germanOf, numberOf } from "./number_words.js";

const LARGEST = 9999, MOST_WORDS = 10, MOST_SIGNS = 100, ROW = 21, HEAD = 24, GAP = 16, NARROWEST = 15, WIDEST = 34;
const QUESTION = "At which English word does the network look while it writes each German letter? Guess, then walk along the letters.";
export const TRIES = {
  "88": ["88", 0, "German says eight-and-eighty. Where does the network look while it writes acht, und, achtzig? Guess, then walk along the letters."],
  "7345": ["7345", 0, "Four parts, one of them out of order. At which letter does the look jump ahead, and where does it jump back? Guess, then switch the outlines on."],
  "Another order": ["five forty", 0, "No English number is called five forty. Will the network stop, stumble or write a number? Guess, then try other orders."],
  "Too many words": ["eight eight eight eight eight eight", 0, "No training example looked like this. What will the network write, and where will it look? Guess."],
  "Blurred looks": ["7345", -3, "Each look is spread over all words almost evenly. Which parts of the German word survive? Guess, then sharpen the looks again."],
};

const STYLE = [
  ".dlm-say { display: flex; flex-wrap: wrap; gap: 6px 10px; align-items: center; }",
  ".dlm-say label { display: flex; flex: 1 1 300px; gap: 8px; align-items: center; margin: 0; font-weight: 400; }",
  ".dlm-say input { font: inherit; flex: 1; min-width: 0; color: var(--fg); background: var(--plane); border: 1px solid var(--edge); border-radius: 6px; padding: 4px 9px; min-height: 34px; margin: 0; }",
  ".dlm-german { font-size: 1.35em; font-weight: 600; line-height: 1.25; min-height: 1.25em; overflow-wrap: anywhere; }",
  ".dlm-german span[data-now] { background: var(--accent); color: var(--ink); border-radius: 3px; }",
  ".dlm .dlm-looks { aspect-ratio: auto; cursor: pointer; touch-action: pan-y; }",
  ".dlm-shares { display: grid; gap: 3px; align-content: start; min-width: 0; }",
  ".dlm-shares > div { display: grid; grid-template-columns: 5.6em 1fr 3.6em; gap: 8px; align-items: center; }",
  ".dlm-shares i { display: block; height: 13px; background: var(--plus); border-radius: 2px; min-width: 1px; }",
  ".dlm-shares b { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; font-weight: 600; }",
  ".dlm-shares span { overflow-wrap: anywhere; }",
  ".dlm-pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 8px 24px; }",
  ".dlm-pair > .dlm-shares { min-height: 146px; }",
  ".dlm-pair .dlm-slider.dlm-wide { grid-template-columns: 5.6em 1fr 4em; }",
  ".dlm-pair .dlm-slider b { white-space: nowrap; }",
  ".dlm-body > .dlm-status { overflow-wrap: anywhere; }",
  "@container (max-width: 480px) { .dlm-pair { grid-template-columns: minmax(0, 1fr); } .dlm-seven button { flex: 1 1 8em; } }",
  "@media (pointer: coarse) { .dlm-say input { min-height: 40px; } }",
].join("\n");

// ---- the pure part

/** What was typed, as words: a number becomes its English words. `unknown` are words that the network has no number for. */
export function readText(text, known) {
  const said = text.trim().toLowerCase();
  if (/^\d+$/.test(said)) return +said <= LARGEST ? { words: englishOf(+said), unknown: [], fault: "" } : { words: [], unknown: [], fault: "The network was trained on numbers from 0 to 9999." };
  const all = said.split(/[\s,-]+/).filter((word) => word && word !== "and"), fits = all.filter((word) => known.includes(word));
  return { words: fits.slice(0, MOST_WORDS), unknown: all.filter((word) => !known.includes(word)), fault: fits.length > MOST_WORDS ? "It reads the first " + MOST_WORDS + " words. " : "" };
}
/** Two letters of a word change places: the first two neighbours behind the first letter that differ. */
export function misspelt(word) {
  for (let k = 1; k + 1 < word.length; k++) if (word[k] !== word[k + 1]) return word.slice(0, k) + word[k + 1] + word[k] + word.slice(k + 2);
  return word[1] + word[0] + word.slice(2);
}
/** Ways to spoil a row of words at one place. */
export const SPOIL = {
  "Swap two words": (row, k) => { const out = [...row], a = k % Math.max(1, row.length - 1); if (row.length > 1) [out[a], out[a + 1]] = [out[a + 1], out[a]]; return out; },
  "Repeat a word": (row, k) => row.flatMap((word, i) => (i === k % row.length ? [word, word] : [word])),
  "Drop a word": (row, k) => (row.length > 1 ? row.filter((_, i) => i !== k % row.length) : row),
  "Misspell a word": (row, k) => row.map((word, i) => (i === k % row.length ? misspelt(word) : word)),
};
let spoken = null;
/** The number that a German word says; null if it says none. */
export function numberInGerman(text) {
  spoken ??= new Map(Array.from({ length: LARGEST + 1 }, (_, n) => [germanOf(n).map(([piece]) => piece).join(""), n]));
  return spoken.get(text) ?? null;
}
/** What one sees, in a sentence or two. */
export function situation({ words: row, unknown, fault }, found, vocabulary = 30) {
  const strange = unknown.length ? "It knows " + vocabulary + " whole words and no letters: " + unknown.map((word) => "\u201c" + word + "\u201d").join(", ") + (unknown.length > 1 ? " mean" : " means") + " nothing to it, it reads on without. " : "";
  if (!row.length) return fault || strange || "Type a number from 0 to 9999, or English number words.";
  const n = numberOf(row), right = n === null ? "" : germanOf(n).map(([piece]) => piece).join(""), says = numberInGerman(found.text), what = found.stopped ? "" : " It does not stop; the word is cut.";
  if (n === null) return fault + strange + "\u201c" + row.join(" ") + "\u201d is no number, and yet the network writes " + found.text + (says === null ? ", which is no number either." : ": German for " + says + ".") + what;
  if (found.text === right) return fault + strange + n + " is " + right + ": right.";
  return fault + strange + "Wrong: " + n + " is " + right + ", the network writes " + found.text + (says === null ? ", which is no number." : ", German for " + says + ".") + what;
}
/** A set-up from a link: [[sharpness, outlines, letter], codes of the signs]; null if it is none. */
export function readLetter(state) {
  if (!Array.isArray(state) || state.length !== 2 || !state.every((row) => Array.isArray(row) && row.every(Number.isFinite))) return null;
  const [[sharp, outlines, place], codes] = state, whole = (v, low, high) => Number.isInteger(v) && v >= low && v <= high;
  return state[0].length === 3 && sharp >= -4 && sharp <= 3 && whole(outlines, 0, 1) && whole(place, 0, 60) && codes.length <= MOST_SIGNS && codes.every((c) => whole(c, 32, 591))
    ? { sharp, outlines: outlines === 1, place, text: String.fromCharCode(...codes) } : null;
}

function render({ model, el }) {
  const net = loadTranslator({ weights: model.get("weights"), words: model.get("words"), letters: model.get("letters"), precision: model.get("precision") }), known = net.words.filter((word) => word);
  const given = { text: String(model.get("number")), sharp: 0, outlines: false, place: 0 };
  let now, read, found, question = "", note = "", spoilt = null, waiting = 0, searching = 0, next = 0;

  // ---- the parts of the page
  const box = h("input", { type: "text", maxlength: MOST_SIGNS, autocomplete: "off", autocapitalize: "off", spellcheck: "false", "aria-label": "A number from 0 to 9999, or English number words" });
  const german = h("div", { class: "dlm-german", lang: "de" });
  const map = h("canvas", { class: "dlm-looks", tabindex: 0, role: "application" });
  const status = h("div", { class: "dlm-status", role: "status", "aria-live": "polite" });
  const asked = h("div", { class: "dlm-question" });
  const shares = h("div", { class: "dlm-shares", role: "img" });
  const numbers = facts({ spread: "Words looked at", sure: "Least sure letter" });

  // ---- drawing
  let lay = null;
  /** How the letters are laid out: in as many lines as the width needs, each of its own little map. */
  function layOut(width) {
    const side = 4 + Math.max(52, Math.min(76, width * 0.19)), count = Math.max(1, found.steps.length), most = Math.max(4, Math.floor((width - side) / NARROWEST)), lines = Math.ceil(count / most), inLine = Math.ceil(count / lines);
    return { side, inLine, lines, wide: Math.min(WIDEST, (width - side) / inLine), block: HEAD + read.words.length * ROW + GAP };
  }
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  function drawMap(ink) {
    const width = map.clientWidth || 600;
    lay = layOut(width);
    const high = Math.max(60, lay.lines * lay.block - GAP + 4);
    if (map.style.height !== high + "px") map.style.height = high + "px";
    const plane = createPlane(map, { view: [0, 1, 0, 1], ratio: high / width, pad: [0, 0, 0, 0] }), { ctx } = plane, [pale, deep] = [ink.plane, ink.plus].map(rgb);
    plane.fit();
    lay.plane = plane;
    const at = (k) => [lay.side + (k % lay.inLine) * lay.wide, Math.floor(k / lay.inLine) * lay.block];
    ctx.textBaseline = "middle";
    for (let line = 0; line < lay.lines && found.steps.length; line++) {
      ctx.font = ink.font; ctx.fillStyle = ink.fg; ctx.textAlign = "right";
      read.words.forEach((word, j) => ctx.fillText(word, lay.side - 7, line * lay.block + HEAD + (j + 0.5) * ROW));
    }
    found.steps.forEach(({ letter, looks }, k) => {
      const [x, y] = at(k), chosen = k === now.place;
      looks.forEach((a, j) => {
        ctx.fillStyle = "rgb(" + pale.map((v, i) => Math.round(v + a * (deep[i] - v))).join() + ")";
        ctx.fillRect(x, y + HEAD + j * ROW, lay.wide - 1, ROW - 1);
      });
      if (chosen) { ctx.fillStyle = ink.accent; ctx.fillRect(x, y, lay.wide - 1, HEAD - 3); }
      ctx.font = (chosen ? "700 " : "600 ") + ink.font.replace("12px", "14px"); ctx.fillStyle = chosen ? ink.ink : ink.fg; ctx.textAlign = "center";
      ctx.fillText(letter, x + (lay.wide - 1) / 2, y + HEAD / 2 - 1);
    });
    if (now.place < found.steps.length) {
      const [x, y] = at(now.place);
      ctx.strokeStyle = ink.accent; ctx.lineWidth = 2;
      ctx.strokeRect(x - 0.5, y + HEAD - 1, lay.wide, read.words.length * ROW + 1);
    }
    const n = numberOf(read.words);
    if (!now.outlines || n === null) return;
    let k = 0;
    ctx.strokeStyle = ink.minus; ctx.lineWidth = 2.2;
    for (const [piece, j] of germanOf(n)) {
      if (found.text.slice(k, k + piece.length) !== piece) break; // from here on nothing renders anything
      if (j !== null) for (let i = 0; i < piece.length; i++) {
        const [x, y] = at(k + i), top = y + HEAD + j * ROW, [left, right] = [i === 0, i === piece.length - 1];
        ctx.beginPath();
        ctx.moveTo(x + (left ? 1 : -1), top + 1); ctx.lineTo(x + lay.wide - (right ? 2 : 0), top + 1);
        ctx.moveTo(x + (left ? 1 : -1), top + ROW - 2); ctx.lineTo(x + lay.wide - (right ? 2 : 0), top + ROW - 2);
        if (left) { ctx.moveTo(x + 1, top + 1); ctx.lineTo(x + 1, top + ROW - 2); }
        if (right) { ctx.moveTo(x + lay.wide - 2, top + 1); ctx.lineTo(x + lay.wide - 2, top + ROW - 2); }
        ctx.stroke();
      }
      k += piece.length;
    }
  }
  function draw() {
    waiting = 0;
    if (found) drawMap(palette(el));
  }
  const soon = () => { waiting ||= requestAnimationFrame(draw); };

  // ---- words
  const percent = (v) => (v >= 0.995 ? "100 %" : v < 0.005 ? "0 %" : Math.round(100 * v) + " %");
  const letterWords = () => {
    const step = found.steps[now.place];
    if (!step) return "";
    const most = step.looks.indexOf(Math.max(...step.looks));
    return "Letter " + (now.place + 1) + ", " + step.letter + ": " + percent(step.looks[most]) + " on " + read.words[most] + ". ";
  };
  function tell() {
    const least = found.steps.reduce((worst, step) => (!worst || step.sure < worst.sure ? step : worst), null), step = found.steps[now.place];
    status.textContent = note + situation(read, found, known.length);
    asked.textContent = question || QUESTION;
    if (box.value !== now.text) box.value = now.text;
    german.replaceChildren(...found.steps.map(({ letter }, k) => h("span", { "data-now": k === now.place }, letter)));
    numbers.set({ spread: found.steps.length ? words(spreadOfLooks(found.steps), 2) + " of " + read.words.length : "\u2013", sure: least ? least.letter + ", " + percent(least.sure) : "\u2013" });
    shares.replaceChildren(...(step ? read.words.map((word, j) => h("div", {}, h("span", {}, word), h("i", { style: "width:" + (100 * step.looks[j]).toFixed(1) + "%" }), h("b", {}, percent(step.looks[j])))) : []));
    shares.setAttribute("aria-label", step ? "Where letter " + (now.place + 1) + ", " + step.letter + ", looks: " + read.words.map((word, j) => word + " " + percent(step.looks[j])).join(", ") + "." : "No letter is chosen.");
    map.setAttribute("aria-label", "Heat map of " + found.steps.length + " letters over " + read.words.length + " words. The left and right arrow keys choose a letter. " + letterWords());
    sharp.set(now.sharp);
    outlineBox.checked = now.outlines;
    findButton.textContent = searching ? "Stop" : "Find a mistake";
  }
  function go(change, said = "") {
    const again = "text" in change || "sharp" in change || !found;
    now = { ...now, ...change };
    if ("text" in change) { spoilt = null; searching = 0; }
    note = said;
    if (again) {
      read = readText(now.text, known);
      found = read.words.length ? translate(net, read.words.map((word) => net.words.indexOf(word)), 2 ** now.sharp) : { text: "", steps: [], stopped: true };
    }
    now.place = Math.max(0, Math.min(found.steps.length - 1, now.place));
    tell(); soon();
  }
  const choose = (place) => { if (place !== now.place && place >= 0 && place < found.steps.length) { go({ place }); note = letterWords(); tell(); } };

  // ---- spoiling, and searching for what fails
  /** Press again for the next place: it starts from the words before. */
  function spoil(name) {
    const { base, turn } = spoilt?.name === name ? spoilt : { base: [...read.words], turn: 0 };
    if (!base.length) return;
    go({ text: SPOIL[name](base, turn).slice(0, MOST_WORDS).join(" "), place: 0 });
    spoilt = { name, base, turn: turn + 1 };
  }
  /** Try numbers one after the other, in slices of 12 ms, until one is wrong. */
  function search() {
    if (searching) { searching = 0; return tell(); }
    const mine = (searching = performance.now() + 1), from = next;
    let tried = 0;
    const turn = () => {
      if (searching !== mine || !el.isConnected) return;
      for (const end = performance.now() + 12; performance.now() < end;) {
        if (tried > LARGEST) { searching = 0; note = "All 10,000 numbers are right. "; return tell(); }
        const n = (from + tried++) % (LARGEST + 1), text = translate(net, englishOf(n).map((word) => net.words.indexOf(word)), 2 ** now.sharp).text;
        if (text !== germanOf(n).map(([piece]) => piece).join("")) { next = n + 1; return go({ text: String(n), place: 0 }, "Found after " + tried + (tried > 1 ? " numbers. " : " number. ")); }
      }
      status.textContent = "Searching: " + ((from + tried) % (LARGEST + 1)) + " \u2026";
      setTimeout(turn, 0);
    };
    tell();
    status.textContent = "Searching \u2026";
    setTimeout(turn, 0);
  }

  // ---- the map
  function under(event) {
    if (!lay?.plane) return -1;
    const [x, y] = lay.plane.pointer(event), column = Math.floor((x - lay.side) / lay.wide), line = Math.max(0, Math.min(lay.lines - 1, Math.floor(y / lay.block)));
    return column >= 0 && column < lay.inLine ? line * lay.inLine + column : -1;
  }
  map.addEventListener("pointerdown", (event) => { if (!event.button) choose(under(event)); });
  map.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse" || event.buttons) choose(under(event)); });
  map.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const to = { ArrowRight: now.place + 1, ArrowLeft: now.place - 1, ArrowDown: now.place + lay.inLine, ArrowUp: now.place - lay.inLine, Home: 0, End: found.steps.length - 1 }[event.key];
    if (to === undefined) return;
    choose(lay.lines < 2 && event.key === "ArrowDown" ? now.place + 1 : lay.lines < 2 && event.key === "ArrowUp" ? now.place - 1 : to);
    event.preventDefault();
  });
  box.addEventListener("input", () => { question = ""; go({ text: box.value, place: 0 }); });

  // ---- controls
  const sharp = slider("Sharpness", { min: -4, max: 3, step: 0.25, value: 0, show: (v) => "\u00d7 " + words(2 ** v, 2) }, (v) => go({ sharp: v }));
  sharp.el.classList.add("dlm-wide");
  const outlineBox = h("input", { type: "checkbox", onchange: () => go({ outlines: outlineBox.checked }) });
  const findButton = button("Find a mistake", search);
  const about = "The network runs here. A GRU reads the English words; another one writes German letters. For each letter a small net scores every word, e = v \u00b7 tanh(W s + U h), and a softmax of the scores says how much of each word it looks at: the darker a cell, the more. Each column adds up to 100 %. "
    + "Outlines show which English word a part of the German word renders; \u201cund\u201d renders none. Words looked at: e to the entropy of the weights, 1 if a letter looks at one word only. Sharpness multiplies the scores before the softmax; training had \u00d7 1. " + "The network knows " + known.length + " English words, as wholes. With the map in focus: ";
  const body = h("div", { class: "dlm-body" }, asked,
    h("div", { class: "dlm-row" }, h("span", {}, "Try this:"), ...Object.entries(TRIES).map(([name, [text, power, ask]]) => button(name, () => { question = ask; go({ text, sharp: power, place: 0 }); }))),
    h("div", { class: "dlm-say" }, h("label", {}, "Translate", box), findButton, button("Reset", () => { question = ""; next = 0; go({ ...given }); })),
    german, map, status,
    h("div", { class: "dlm-row dlm-seven" }, ...Object.keys(SPOIL).map((name) => button(name, () => spoil(name)))),
    h("div", { class: "dlm-pair" }, shares, h("div", {}, numbers.el, sharp.el, h("label", { class: "dlm-check" }, outlineBox, "Outline what each part renders"))),
    h("div", { class: "dlm-more" },
      h("details", {}, h("summary", {}, "What you see"), h("div", {}, about, h("kbd", {}, "\u2190"), " and ", h("kbd", {}, "\u2192"), " choose a letter, ", h("kbd", {}, "Home"), " and ", h("kbd", {}, "End"), " the first and the last.")),
      linkButton(el, () => [[now.sharp, +now.outlines, now.place], [...now.text].slice(0, MOST_SIGNS).map((c) => c.charCodeAt(0))], (text) => { status.textContent = text; })));
  function begin() {
    question = "";
    found = null;
    now = {};
    go({ ...given, ...readLetter(model.get("shared")) });
  }
  if (el.closest(".deck-part-live")) el.dataset.wide = "yes";
  el.append(h("style", {}, STYLE), body);
  adopt(el, draw);
  begin();
  model.on("change:shared", begin);
  keepSharp(map, soon);
}

export default { render };

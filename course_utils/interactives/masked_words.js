// A small BERT in the page: hide any word of a sentence, see its ranked guesses, and where its heads look from the gap.

import { adopt, button, facts, h, linkButton, words } from "./runtime.js";
import { keepSharp, palette } from "./plot.js";
import { onceAFrame, onKey } from "./canvas_events.js";
import { headName, headNumber, percent, planeOfHeight, shadesOf } from "./head_views.js";
import { loadPieces, piecesOf } from "./wordpiece.js";
import { begin, extend, loadTransformer } from "./transformer.js";
import { carried, chosenOf, guessesAt, inputsOf, MOST_SIGNS, putIn, readBraces, readLetter, wavering, within } from "./masked_sentence.js";

const BARS = 8, ROW = 19, EDGE = 34, NAMES = 66;
const QUESTION = "Hide a word from the network. What will it guess, and which of the other words tell it? Guess first, then tap a word.";

/** Set-ups: a question, and sentences whose hidden words stand in braces. Of several, the one at which the network is surest and
    right, or surest and wrong: what that is depends on its training. */
export const TRIES = {
  "Small word": { ask: "Grammar alone leaves little choice here. How sure will the network be? Guess, then hide longer words.", pick: "right",
    from: ["Returns the mean {of} the array.", "The axis {along} which to compute.", "If True, the input {is} copied.", "The number {of} samples.", "Returns {the} sum of the elements.", "The shape {of} the output."] },
  "Phrase": { ask: "Docstrings say some things again and again. Which word will it put here? Guess, then hide its neighbours and see how long it holds.", pick: "right",
    from: ["Compute the standard {deviation} along the given axis.", "The probability density {function} of the distribution.", "The number of {samples} to draw.", "If {None}, the default value is used.", "Return {True} if the array is empty.", "The learning {rate} of the optimizer.", "The {number} of samples.", "The shape of the {array}.", "The {default} value is None."] },
  "Two gaps": { ask: "Two words are hidden at once, and each gap is filled on its own. Do the guesses fit together? Guess, put one in, and watch the other.", from: ["Return {True} if the array is {empty}."] },
  "Not": { ask: "One word turns the sentence round. Will it guess that word? Guess, then put another one in.", from: ["This function does {not} copy the input array."] },
  "Sure and wrong": { ask: "Any reader knows this word. Does a network that has read nothing but docstrings? Guess.", pick: "wrong",
    from: ["The square root of nine is {three}.", "The color of the sky is {blue}.", "A week has seven {days}.", "A triangle has {three} sides.", "The mean of two and four is {three}.", "One plus one is {two}.", "The night is dark and the {day} is light.", "The first month of the {year} is January.", "Ten is larger {than} nine.", "A square is a {shape} with four equal sides."] },
};

const STYLE = [
  ".dlm-say textarea { font: inherit; display: block; width: 100%; min-width: 0; color: var(--fg); background: var(--plane); border: 1px solid var(--edge); border-radius: 6px; padding: 5px 9px; margin: 0; resize: vertical; }",
  ".dlm textarea:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }",
  ".dlm-chips { display: flex; flex-wrap: wrap; gap: 5px 5px; align-items: stretch; }",
  ".dlm button.dlm-chip { position: relative; padding: 4px 7px; min-height: 34px; border-bottom-width: 3px; isolation: isolate; }",
  ".dlm button.dlm-chip::before { content: ''; position: absolute; inset: 0; z-index: -1; border-radius: 3px; background: var(--plus); opacity: var(--look, 0); }",
  ".dlm button.dlm-chip[data-goes-on] { margin-left: -6px; border-left-style: dotted; border-top-left-radius: 0; border-bottom-left-radius: 0; }",
  ".dlm button.dlm-chip[aria-pressed=true] { color: var(--accent); font-weight: 700; background: repeating-linear-gradient(135deg, var(--soft) 0 5px, var(--plane) 5px 10px); box-shadow: none; border-color: var(--accent); }",
  ".dlm button.dlm-chip[data-slot] { box-shadow: 0 0 0 2px var(--accent); }",
  ".dlm button.dlm-chip[data-hit=yes] { border-bottom: 3px solid var(--plus); }",
  ".dlm button.dlm-chip[data-hit=no] { border-bottom: 3px dotted var(--minus); }",
  ".dlm .dlm-from { aspect-ratio: auto; cursor: pointer; touch-action: pan-y; }",
  ".dlm-guesses { display: grid; gap: 3px; align-content: start; min-width: 0; }",
  ".dlm-guesses > .dlm-note { min-height: 1.5em; }",
  ".dlm button.dlm-guess { display: grid; grid-template-columns: 7.2em 1fr 3.4em; gap: 8px; align-items: center; text-align: left; padding: 2px 6px; min-height: 27px; border-color: transparent; background: none; }",
  ".dlm button.dlm-guess:hover { border-color: var(--accent); background: var(--soft); }",
  ".dlm-guess > span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }",
  ".dlm-guess i { display: block; height: 13px; background: var(--plus); border-radius: 2px; min-width: 1px; }",
  ".dlm-guess[data-true] > span { color: var(--accent); font-weight: 700; }",
  ".dlm-guess[data-true] i { background: var(--accent); }",
  ".dlm-guess b { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; font-weight: 600; }",
  ".dlm-note { color: var(--muted); font-size: .92em; }",
  ".dlm-pair { display: grid; grid-template-columns: minmax(0, 1.25fr) minmax(0, 1fr); gap: 8px 24px; align-items: start; }",
  ".dlm-pair > .dlm-side { gap: 8px; }",
  ".dlm-body > .dlm-status { overflow-wrap: anywhere; }",
  "@container (max-width: 480px) { .dlm-pair { grid-template-columns: minmax(0, 1fr); } }",
  "@media (pointer: coarse) { .dlm button.dlm-chip { min-height: 40px; min-width: 40px; } .dlm button.dlm-guess { min-height: 40px; } }",
].join("\n");

function render({ model, el }) {
  const net = loadTransformer(model.get("network")), { layers, heads, length } = net.config, count = layers * heads, tokeniser = loadPieces(net.texts.pieces.split("\n")), { places } = tokeniser;
  const given = { text: model.get("text"), head: model.get("layer") * heads + model.get("head"), hidden: null, slot: -1 };
  let now, pieces = [], read, state, ranked = [], scores = null, question = "", note = "", measuring = 0, focus = 0;

  // ---- the parts of the page
  const box = h("textarea", { rows: 2, maxlength: MOST_SIGNS, autocomplete: "off", autocapitalize: "off", spellcheck: "false", "aria-label": "A sentence" });
  const chips = h("div", { class: "dlm-chips", role: "toolbar", "aria-label": "Pieces of the sentence. The arrow keys walk along them, Enter hides one." });
  const map = h("canvas", { class: "dlm-from", tabindex: 0, role: "application" });
  const status = h("div", { class: "dlm-status", role: "status", "aria-live": "polite" });
  const asked = h("div", { class: "dlm-question" });
  const guesses = h("div", { class: "dlm-guesses", role: "group", "aria-label": "Ranked guesses: press one to put it in" });
  const title = h("div", { class: "dlm-note" });
  const numbers = facts({ was: "Was there", chance: "Its chance", rank: "Its rank", among: "It wavers among" });
  const known = (k) => pieces[k] && pieces[k].piece !== "[MASK]";
  const bare = (piece) => piece.replace(/^##/, "");
  const gaps = () => pieces.flatMap(({ piece }, k) => (k < read.at.length && (piece === "[MASK]" || now.hidden.includes(k)) ? [k] : []));

  // ---- drawing
  let laid = null;
  const label = (place) => { const k = read.at.indexOf(place); return k < 0 ? (place ? "[SEP]" : "[CLS]") : gaps().includes(k) ? "[MASK]" : pieces[k].piece; };
  /** One row for each head, one column for each piece: how much the head looks there from the gap. */
  function draw() {
    if (!state) return;
    const ink = palette(el), width = map.clientWidth || 640, high = NAMES + count * ROW + 4, n = read.ids.length, wide = Math.min(48, (width - EDGE) / n);
    const shade = shadesOf(ink), plane = planeOfHeight(map, high, width), { ctx } = plane, from = now.slot < 0 ? -1 : read.at[now.slot];
    laid = { plane, wide };
    ctx.textBaseline = "middle"; ctx.font = ink.font;
    for (let place = 0; place < n; place++) {
      ctx.save();
      ctx.translate(EDGE + (place + 0.5) * wide, NAMES - 6); ctx.rotate(-Math.PI / 2);
      ctx.font = (place === from ? "700 " : "") + (wide < 12 ? ink.font.replace("12px", Math.max(7, wide - 1) + "px") : ink.font);
      ctx.fillStyle = place === from ? ink.accent : ink.fg; ctx.textAlign = "left";
      const name = label(place);
      ctx.fillText(name.length > 9 ? name.slice(0, 8) + "\u2026" : name, 0, 0);
      ctx.restore();
    }
    for (let k = 0; k < count; k++) {
      const y = NAMES + k * ROW + (Math.floor(k / heads) ? 3 : 0), row = from < 0 ? [] : state.looks[k][from];
      ctx.textAlign = "right"; ctx.fillStyle = k === now.head ? ink.accent : ink.muted; ctx.font = (k === now.head ? "700 " : "") + ink.font;
      ctx.fillText(headNumber(k, heads), EDGE - 8, y + ROW / 2);
      for (let place = 0; place < n; place++) {
        ctx.fillStyle = shade(row[place] ?? 0);
        ctx.fillRect(EDGE + place * wide, y, wide - 1, ROW - 1);
      }
      if (k === now.head) { ctx.strokeStyle = ink.accent; ctx.lineWidth = 2; ctx.strokeRect(EDGE - 1, y - 1, n * wide + 1, ROW + 1); }
    }
  }
  const soon = onceAFrame(draw);

  // ---- words
  const quoted = (piece) => "\u201c" + piece + "\u201d";
  function situation(open) {
    if (!pieces.length) return "Type a sentence.";
    if (now.slot < 0) return "Nothing is hidden. Tap a word to hide it from the network.";
    const [best, id] = ranked[0], guess = tokeniser.pieces[id], more = open.length > 1 ? " " + open.length + " pieces are hidden; each gap is filled on its own." : "";
    if (!known(now.slot)) return "Its first guess is " + quoted(guess) + ", " + percent(best) + "." + more;
    const truth = pieces[now.slot], place = ranked.findIndex(([, k]) => k === truth.id), sure = best > 0.5 ? "Sure and " : "";
    if (!place) return "It guesses " + quoted(guess) + ", " + percent(best) + ": right." + more;
    return (sure || "") + (sure ? "wrong: it" : "It") + " guesses " + quoted(guess) + ", " + percent(best) + ". " + quoted(truth.piece) + " was there: rank " + (place + 1) + ", " + percent(ranked[place][0]) + "." + more;
  }
  function tell() {
    const open = gaps(), from = now.slot < 0 ? -1 : read.at[now.slot], row = from < 0 ? null : state.looks[now.head][from], truth = known(now.slot) ? pieces[now.slot] : null, place = truth ? ranked.findIndex(([, k]) => k === truth.id) : -1;
    status.textContent = note + (read.cut ? "It reads " + read.at.length + " pieces at most; the rest is left out. " : "") + situation(open);
    asked.textContent = question || QUESTION;
    if (box.value !== now.text) box.value = now.text;
    const inside = chips.contains(document.activeElement);
    focus = Math.max(0, Math.min(focus, read.at.length - 1));
    chips.replaceChildren(...read.at.map((at, k) => {
      const { piece } = pieces[k], gap = open.includes(k), score = scores?.[k];
      return button(gap ? "[MASK]" : bare(piece), () => press(k), {
        class: "dlm-chip", tabindex: k === focus ? 0 : -1, "aria-pressed": String(gap), "data-goes-on": piece.startsWith("##"), "data-slot": k === now.slot, "data-hit": score && (score.right ? "yes" : "no"),
        style: row ? "--look:" + (0.5 * Math.sqrt(row[at])).toFixed(3) : undefined,
        title: (row ? percent(row[at]) + " of head " + headNumber(now.head, heads) : "") + (score ? (row ? "; " : "") + "hidden alone: " + score.guess + ", " + percent(score.chance) : "") || undefined,
        "aria-label": gap ? "hidden" + (known(k) ? ", was " + bare(piece) : "") : bare(piece),
      });
    }));
    if (inside) chips.children[focus]?.focus();
    title.textContent = now.slot < 0 ? "Guesses appear here" : truth ? "Guesses for the gap where " + quoted(truth.piece) + " was" : "Guesses for the gap";
    guesses.replaceChildren(title, ...(now.slot < 0 ? [] : ranked.slice(0, BARS).map(([p, k]) => h("button", { type: "button", class: "dlm-guess", "data-true": truth?.id === k, onclick: () => fill(k), "aria-label": "Put in " + tokeniser.pieces[k] + ", " + percent(p) },
      h("span", {}, tokeniser.pieces[k]), h("i", { style: "width:" + (100 * p).toFixed(1) + "%" }), h("b", {}, percent(p))))));
    numbers.set({ was: truth ? truth.piece : "\u2013", chance: place < 0 ? "\u2013" : ranked[place][0] < 0.005 ? words(100 * ranked[place][0], 2) + " %" : percent(ranked[place][0]), rank: place < 0 ? "\u2013" : place + 1 + " of " + tokeniser.pieces.length.toLocaleString("en"), among: now.slot < 0 ? "\u2013" : words(wavering(ranked.map(([p]) => p)), 2) });
    const most = row ? [...row.keys()].sort((a, b) => row[b] - row[a]).slice(0, 3).map((i) => label(i) + " " + percent(row[i])).join(", ") : "";
    map.setAttribute("aria-label", "Where each head looks from the gap: one row for each of " + count + " heads, one column for each piece. The up and down arrow keys choose a head. Chosen: " + headName(now.head, heads) + (most ? ", which looks most at " + most : "") + ".");
    headNote.textContent = "Where the heads look from the gap. Chosen: " + headName(now.head, heads) + (most ? ", most at " + most : "") + ".";
    turnButton.textContent = measuring ? "Stop" : "Each in turn";
    showButton.disabled = !now.hidden.length;
  }
  function look() {
    read = inputsOf(pieces, now.text, now.hidden, places, length);
    state = extend(begin(net), read.ids, read.segments);
    const open = gaps();
    if (!open.includes(now.slot)) now.slot = open[0] ?? -1;
    ranked = now.slot < 0 ? [] : guessesAt(state, read.at[now.slot]);
  }
  function go(change, said = "") {
    now = { ...now, ...change };
    if ("text" in change) {
      const before = pieces;
      pieces = piecesOf(tokeniser, now.text);
      if (!("hidden" in change)) now.hidden = carried(now.hidden, before, pieces);
      scores = null; measuring = 0;
    }
    note = said;
    now.hidden = now.hidden.filter((k) => known(k));
    look(); tell(); soon();
  }
  /** A tap hides a piece, chooses a hidden one, or shows it again. */
  function press(k) {
    question = "";
    focus = k;
    if (!gaps().includes(k)) go({ hidden: [...now.hidden, k].sort((a, b) => a - b), slot: k });
    else if (k !== now.slot) go({ slot: k });
    else if (now.hidden.includes(k)) go({ hidden: now.hidden.filter((i) => i !== k) });
  }
  function fill(id) {
    const old = pieces[now.slot], inside = guesses.contains(document.activeElement), { text } = putIn(now.text, old, tokeniser.pieces[id]);
    now.hidden = now.hidden.filter((k) => k !== now.slot);
    go({ text, slot: -1 }, quoted(tokeniser.pieces[id]) + " is put in. ");
    if (inside) (guesses.querySelector("button") ?? chips.children[focus])?.focus();
  }
  const pick = (head) => { if (head >= 0 && head < count && head !== now.head) { now.head = head; tell(); soon(); } };
  /** Hide every piece alone, one after the other, and count what it gets right. */
  function each() {
    if (measuring) { measuring = 0; return tell(); }
    if (!read.at.length) return;
    const mine = (measuring = performance.now() + 1);
    scores = [];
    const turn = () => {
      if (measuring !== mine || !el.isConnected) return;
      const k = scores.length, one = inputsOf(pieces, now.text, [k], places, length), [chance, id] = guessesAt(extend(begin(net), one.ids, one.segments), one.at[k])[0];
      scores.push({ right: id === pieces[k].id, guess: tokeniser.pieces[id], chance });
      if (scores.length < read.at.length) return setTimeout(turn, 0);
      measuring = 0;
      note = "Hidden one at a time, it gets " + scores.filter((score) => score.right).length + " of " + scores.length + " right: those with a blue line. ";
      tell();
    };
    tell();
    setTimeout(turn, 0);
  }

  // ---- pointer and keys
  map.addEventListener("pointerdown", (event) => {
    const [x, y] = laid.plane.pointer(event), place = Math.floor((x - EDGE) / laid.wide), k = read.at.indexOf(place);
    if (y > NAMES) pick(Math.min(count - 1, Math.floor((y - NAMES) / ROW)));
    else if (k >= 0) press(k);
  });
  onKey(map, (key) => {
    const to = { ArrowDown: now.head + 1, ArrowUp: now.head - 1, ArrowRight: now.head + 1, ArrowLeft: now.head - 1, Home: 0, End: count - 1 }[key];
    if (to === undefined) return false;
    pick(to);
  });
  onKey(chips, (key, event) => {
    const to = { ArrowRight: focus + 1, ArrowLeft: focus - 1, Home: 0, End: read.at.length - 1 }[key];
    if (to === undefined) return false;
    event.stopPropagation();
    if (to < 0 || to >= read.at.length) return;
    focus = to;
    [...chips.children].forEach((chip, k) => { chip.tabIndex = k === focus ? 0 : -1; });
    chips.children[focus].focus();
  });
  box.addEventListener("input", () => { question = ""; go({ text: box.value }); });

  // ---- controls
  const headNote = h("div", { class: "dlm-note" });
  const turnButton = button("Each in turn", each);
  const showButton = button("Show all", () => go({ hidden: [] }));
  /** How sure the network is about the one gap of a sentence, and whether it is right. */
  function judge(marked) {
    const { text, spans } = readBraces(marked), cut = piecesOf(tokeniser, text), hidden = within(cut, spans);
    if (hidden.length !== 1) return null;
    const one = inputsOf(cut, text, hidden, places, length), [chance, id] = guessesAt(extend(begin(net), one.ids, one.segments), one.at[hidden[0]])[0];
    return { chance, right: id === cut[hidden[0]].id };
  }
  function tryOut(set) {
    const { text, spans } = readBraces(chosenOf(set, judge)), { ask } = set;
    question = ask;
    focus = 0;
    go({ text, hidden: within(piecesOf(tokeniser, text), spans), slot: -1 });
  }
  const first = () => { const { text, spans } = readBraces(given.text); return { text, hidden: within(piecesOf(tokeniser, text), spans), slot: -1, head: given.head }; };
  const about = "The network runs here: a BERT of " + layers + " layers with " + heads + " heads each, which reads " + tokeniser.pieces.length.toLocaleString("en") + " pieces of words; ## marks a piece that goes on a word. It was trained to fill gaps in docstrings. A hidden piece becomes [MASK]. "
    + "The bars are its chances for the gap; press one to put it in. It wavers among e to the entropy of its chances: 1 if it is certain. Each row of the picture is one head: how much it looks from the gap at each piece, a softmax of q \u00b7 k / \u221a" + net.config.width / heads + "; the darker, the more. The chosen head shades the pieces too. "
    + "[CLS] and [SEP] stand at the ends; a second sentence is read as BERT's second segment. You may type [MASK] too. With the picture in focus: ";
  const body = h("div", { class: "dlm-body" }, asked,
    h("div", { class: "dlm-row" }, h("span", {}, "Try this:"), ...Object.entries(TRIES).map(([name, set]) => button(name, () => tryOut(set)))),
    h("div", { class: "dlm-say" }, box), chips, status,
    h("div", { class: "dlm-pair" }, guesses, h("div", { class: "dlm-side" }, numbers.el, h("div", { class: "dlm-row" }, turnButton, showButton, button("Reset", () => { question = ""; focus = 0; go(first()); })))),
    h("div", {}, headNote, map),
    h("div", { class: "dlm-more" },
      h("details", {}, h("summary", {}, "What you see"), h("div", {}, about, h("kbd", {}, "\u2191"), " and ", h("kbd", {}, "\u2193"), " choose a head. With a piece in focus: ", h("kbd", {}, "\u2190"), " and ", h("kbd", {}, "\u2192"), " walk along, ", h("kbd", {}, "Enter"), " hides it.")),
      linkButton(el, () => [[now.slot, now.head], now.hidden, [...now.text.replace(/\s/g, " ")].join("").split("").map((c) => c.charCodeAt(0))], (text) => { status.textContent = text; })));
  function start() {
    question = "";
    now = {};
    go({ ...first(), ...readLetter(model.get("shared"), net.config) });
  }
  if (el.closest(".deck-part-live")) el.dataset.wide = "yes";
  el.append(h("style", {}, STYLE), body);
  adopt(el, draw);
  start();
  model.on("change:shared", start);
  keepSharp(map, soon);
}

export default { render };

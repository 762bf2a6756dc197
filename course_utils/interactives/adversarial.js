// Attack a digit: a slider for the budget, a wanted answer, and the network's probabilities as they change.

import { adopt, button, h, linkButton, slider, words } from "./runtime.js";
import { createPlane, keepSharp, palette } from "./plot.js";
import { classify, loadNetwork } from "./nn.js";
import { attack, PGD_STEPS } from "./nn_backward.js";

const MOST = 0.4;
const WAYS = { step: "One step", steps: "Many steps", noise: "Noise" };
const QUESTION = "How small a change flips the answer? Guess a budget \u03b5, then push the slider.";
const TRIES = {
  "Flip it": [{ epsilon: 0.15, target: -1, how: "steps" }, "Is the digit still the same for you? Look at the change: which pixels moved most, those with ink or those without?"],
  "Make it a 0": [{ epsilon: 0.25, target: 0, how: "steps" }, "One wanted answer is harder than any wrong one. Which digit becomes a 0 most easily? Which resists?"],
  "Noise instead": [{ epsilon: 0.25, target: -1, how: "noise" }, "The same size, but at random. How far must you push the slider now? Try new noise too."],
};

const STYLE = [
  ".dlm-trio { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 10px; }",
  ".dlm-trio > div { display: grid; gap: 4px; font-size: .87em; color: var(--muted); text-align: center; }",
  ".dlm .dlm-trio canvas { cursor: default; border: 1px solid var(--edge); }",
  ".dlm-chances { display: grid; gap: 2px; }",
  ".dlm-chances > div { display: grid; grid-template-columns: 1.2em 1fr 5em; gap: 8px; align-items: center; line-height: 1.45; font-variant-numeric: tabular-nums; }",
  ".dlm-chances i { display: block; height: 12px; background: var(--soft); border-radius: 3px; overflow: hidden; }",
  ".dlm-chances i::before { content: ''; display: block; height: 100%; width: var(--share, 0%); background: var(--muted); border-radius: 3px; }",
  ".dlm-chances [data-right] i::before { background: var(--plus); }",
  ".dlm-chances [data-wrong] i::before { background: var(--minus); }",
  ".dlm-chances :is([data-right], [data-wrong]) { font-weight: 700; }",
  ".dlm-chances span { text-align: right; white-space: nowrap; }",
  ".dlm .dlm-specimen { padding: 2px; min-height: 0; line-height: 0; }",
  ".dlm .dlm-specimen canvas { width: 36px; height: 36px; cursor: pointer; }",
].join("\n");

const chanceText = (p) => (p > 0.999 ? "> 99.9 %" : p < 0.001 ? "< 0.1 %" : words(100 * p, p > 0.99 ? 3 : 2) + " %");

function render({ model, el }) {
  const net = loadNetwork(model.get("network")), labels = model.get("labels");
  const images = model.get("examples").map((text) => Array.from(text, (c) => parseInt(c, 17) / 16));
  const plain = images.map((image) => classify(net, image).chances);
  const fresh = { example: 0, epsilon: model.get("epsilon"), target: -1, how: "steps", seed: 1, magnify: true };
  let state = { ...fresh }, moved, chances, question = "", waiting = 0;

  // ---- pictures
  const names = ["Digit", "Change", "Sum"];
  const planes = names.map(() => createPlane(h("canvas", { role: "img" }), { view: [0, 8, 8, 0], pad: [0, 0, 0, 0] }));
  const canvases = planes.map((plane) => plane.ctx.canvas), captions = names.map((name) => h("span", {}, name));
  function cells(ctx, values, width, colourOf) {
    const edge = (k) => Math.round((k * width) / 8); // whole pixels: no seams
    values.forEach((v, i) => {
      const [colour, alpha] = colourOf(v), column = i % 8, row = Math.floor(i / 8);
      if (alpha <= 0) return;
      ctx.fillStyle = colour; ctx.globalAlpha = Math.min(1, alpha);
      ctx.fillRect(edge(column), edge(row), edge(column + 1) - edge(column), edge(row + 1) - edge(row));
    });
    ctx.globalAlpha = 1;
  }
  function draw() {
    waiting = 0;
    if (!moved) return;
    const ink = palette(el), image = images[state.example], change = moved.map((v, i) => v - image[i]);
    const scale = state.magnify && state.epsilon > 0 ? 1 / state.epsilon : 1;
    [image, change, moved].forEach((values, k) => {
      const plane = planes[k];
      plane.fit();
      plane.ctx.fillStyle = ink.plane; plane.ctx.fillRect(0, 0, plane.width, plane.height);
      cells(plane.ctx, values, plane.width, k === 1 ? (v) => [v > 0 ? ink.plus : ink.minus, scale * Math.abs(v)] : (v) => [ink.fg, v]);
    });
  }
  const soon = () => { waiting ||= requestAnimationFrame(draw); };

  // ---- words
  const bars = Array.from({ length: 10 }, (_, digit) => h("div", {}, h("b", {}, String(digit)), h("i"), h("span")));
  const barBox = h("div", { class: "dlm-chances", role: "img" }, ...bars);
  const status = h("div", { class: "dlm-status", role: "status", "aria-live": "polite" });
  const asked = h("div", { class: "dlm-question" });
  const top = (p) => p.indexOf(Math.max(...p));
  function tell() {
    const { example, epsilon, target, how, magnify } = state, label = labels[example], best = top(chances), before = top(plain[example]);
    bars.forEach((bar, digit) => {
      bar.children[1].style.setProperty("--share", 100 * chances[digit] + "%");
      bar.children[2].textContent = chanceText(chances[digit]);
      bar.toggleAttribute("data-right", digit === best && best === label);
      bar.toggleAttribute("data-wrong", digit === best && best !== label);
    });
    barBox.setAttribute("aria-label", "Probabilities: " + chances.map((p, digit) => digit + ": " + chanceText(p)).join(", ") + ".");
    const most = Math.max(...moved.map((v, i) => Math.abs(v - images[example][i])));
    const what = { step: "One step of the gradient's signs", steps: PGD_STEPS + " small steps", noise: "Noise" }[how];
    const aim = how === "noise" ? "" : target < 0 ? " away from " + label : " toward " + target;
    const verdict = best === label ? "still a " + label : target >= 0 && best === target ? "a " + best + ", as wanted" : "a " + best;
    const was = "Untouched, this " + label + " is read as a " + before + " (" + chanceText(plain[example][before]) + "). ";
    status.textContent = epsilon === 0 ? was + "The budget is 0: push the slider." : was + what + aim + ", no pixel moved by more than " + words(most, 2) + ": now " + verdict + " (" + chanceText(chances[best]) + ").";
    asked.textContent = question || QUESTION;
    captions[1].textContent = magnify && epsilon > 0 ? "Change \u00d7 " + words(1 / epsilon, 2) : "Change";
    canvases[0].setAttribute("aria-label", "The untouched digit, a " + label + ".");
    canvases[1].setAttribute("aria-label", captions[1].textContent + (magnify ? "" : ", true size") + ": blue adds ink, orange takes ink away.");
    canvases[2].setAttribute("aria-label", "Digit plus change, read as a " + best + ".");
    specimens.forEach((b, k) => b.setAttribute("aria-pressed", String(k === example)));
    targets.forEach((b, k) => b.setAttribute("aria-pressed", String(k - 1 === target)));
    targets.forEach((b, k) => { b.disabled = how === "noise" || k - 1 === label; });
    ways.forEach((b, k) => b.setAttribute("aria-pressed", String(Object.keys(WAYS)[k] === how)));
    newNoise.disabled = how !== "noise";
    magnifyBox.checked = magnify;
  }
  function set(next, text = "") {
    state = { ...state, ...next };
    if (state.target === labels[state.example]) state.target = -1;
    question = text;
    const { example, epsilon, target, how, seed } = state;
    moved = epsilon ? attack(net, images[example], { epsilon, label: labels[example], target, how, seed }) : images[example];
    ({ chances } = classify(net, moved));
    budget.set(epsilon);
    tell(); soon();
  }

  // ---- controls
  const budget = slider("Budget \u03b5", { min: 0, max: MOST, step: 0.01, value: fresh.epsilon, show: (v) => words(v, 2) }, (epsilon) => set({ epsilon }, question));
  budget.el.classList.add("dlm-wide");
  const ways = Object.entries(WAYS).map(([how, name]) => button(name, () => set({ how })));
  const targets = Array.from({ length: 11 }, (_, k) => button(k ? String(k - 1) : "any", () => set({ target: k - 1, how: state.how === "noise" ? "steps" : state.how }), { "aria-label": k ? "Wanted answer " + (k - 1) : "Any wrong answer" }));
  const newNoise = button("New noise", () => set({ seed: (state.seed % 9999) + 1 }, question));
  const magnifyBox = h("input", { type: "checkbox", onchange: () => set({ magnify: magnifyBox.checked }, question) });
  const specimens = images.map((image, k) => {
    const name = "Digit " + labels[k];
    return h("button", { type: "button", class: "dlm-specimen", "aria-label": name, title: name, onclick: () => set({ example: k }) }, h("canvas", { width: 72, height: 72 }));
  });
  function drawSpecimens() {
    const ink = palette(el);
    specimens.forEach((b, k) => {
      const ctx = b.firstChild.getContext("2d");
      ctx.clearRect(0, 0, 72, 72);
      cells(ctx, images[k], 72, (v) => [ink.fg, v]);
    });
  }
  const about = "The gradient of the loss by the 64 pixels is computed here, in the page, by carrying backpropagation on to the input. One step moves every pixel by \u03b5 along its sign; many steps do so in " + PGD_STEPS
    + " small ones and keep the best; noise moves every pixel by \u03b5 up or down at random. Pixels stay between paper and ink. In the middle, blue adds ink and orange takes it away.";
  el.append(h("style", {}, STYLE), h("div", { class: "dlm-body" }, asked,
    h("div", { class: "dlm-row" }, h("span", {}, "Try this:"), ...Object.entries(TRIES).map(([name, [next, text]]) => button(name, () => {
      const example = next.target === labels[state.example] ? (state.example + 1) % images.length : state.example;
      set({ ...next, example }, text);
    })), button("Reset", () => set(fresh))),
    h("div", { class: "dlm-main dlm-even" },
      h("div", { class: "dlm-side" },
        h("div", { class: "dlm-trio" }, ...canvases.map((canvas, k) => h("div", {}, canvas, captions[k]))),
        budget.el,
        h("div", { class: "dlm-row" }, h("span", {}, "How:"), ...ways, newNoise),
        h("label", { class: "dlm-check" }, magnifyBox, "Magnify the change")),
      h("div", { class: "dlm-side" }, barBox)),
    h("div", { class: "dlm-row" }, h("span", {}, "Wanted answer:"), ...targets),
    status,
    h("div", { class: "dlm-row" }, h("span", {}, "Digit:"), ...specimens),
    h("div", { class: "dlm-more" },
      h("details", {}, h("summary", {}, "What you see"), h("div", {}, about)),
      linkButton(el, () => [state.example, Math.round(100 * state.epsilon), state.target, Object.keys(WAYS).indexOf(state.how), state.seed, +state.magnify], (text) => { status.textContent = text; }))));
  const start = () => {
    const s = model.get("shared"), between = (v, low, high) => Number.isInteger(v) && v >= low && v <= high;
    const good = Array.isArray(s) && s.length === 6 && between(s[0], 0, images.length - 1) && between(s[1], 0, 100 * MOST) && between(s[2], -1, 9) && between(s[3], 0, 2) && between(s[4], 1, 9999) && between(s[5], 0, 1);
    set(good ? { example: s[0], epsilon: s[1] / 100, target: s[2], how: Object.keys(WAYS)[s[3]], seed: s[4], magnify: s[5] === 1 } : fresh);
  };
  adopt(el, () => { drawSpecimens(); draw(); });
  start();
  model.on("change:shared", start);
  for (const canvas of canvases) keepSharp(canvas, soon);
}

export default { render };

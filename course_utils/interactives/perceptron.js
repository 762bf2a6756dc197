// One neuron and its line: drag points and line, correct one mistake at a time or run the rule to its end.

import { adopt, button, facts, h, linkButton, reducedMotion, slider, words } from "./runtime.js";
import { clipLine, createPlane, keepSharp, palette } from "./plot.js";
import { plural } from "./counted_words.js";
import { bestMargin, correct, find, findMistake, GRID, isMistake, mistakeBound, MOST_POINTS, namedSet, radius, readSetup, score, snap, startRun, TINY, turned, VIEW, viewOf } from "./perceptron_rule.js";
import { drawPerceptron, handlesOf, offered, thingAt } from "./perceptron_drawing.js";

const QUESTIONS = {
  xor: "Which line gets all four points right? Try by hand, then press Run.",
  narrow: "AND took 18 mistakes. How many with point 5 in the way?",
  "": "Can one line shade every circle and no square? Guess, then drag it there.",
};const signed = (label) => (label > 0 ? "+1" : "\u22121");
const pair = (p) => "(" + words(p[0]) + ", " + words(p[1]) + ")";

function render({ model, el }) {
  let name = model.get("dataset"), seed = model.get("seed") ?? 1, points, run, picked = null, best, playing = 0, shown, note = "", showBest = false;

  const canvas = h("canvas", { tabindex: 0, role: "application", "aria-label":
    "Plane with the points and the line. N and P pick a point, a line end or the line; the arrow keys move it; F flips a label, A adds a point, Delete removes one." });
  const plane = createPlane(canvas, { view: VIEW });
  const status = h("div", { class: "dlm-status", role: "status", "aria-live": "polite" });
  const question = h("div", { class: "dlm-question" });
  const inWords = h("div");
  const table = facts({ mistakes: "Mistakes corrected", wrong: "Wrong now", own: "Margin of this line", best: "Best margin \u03b3", far: "Longest example R", bound: "Bound (R/\u03b3)\u00b2" });

  // ---- drawing
  const handles = () => handlesOf(shown, plane.view);
  const hit = (px, reach) => thingAt(px, reach, plane, points, shown);
  function draw() {
    if (run) drawPerceptron(plane, palette(el), { points, shown, run, picked, best: showBest ? best : null, hot: document.activeElement === canvas });
  }
  // ---- words
  const wrongOnes = () => points.filter((p) => isMistake(run.weights, p)).length;
  function situation() {
    const wrong = wrongOnes(), size = Math.hypot(...run.weights);
    if (run.pending >= 0) {
      const p = points[run.pending], s = score(run.weights, p), who = "Point " + (run.pending + 1) + " at " + pair(p);
      const fault = !size ? "With weights 0 every point is a mistake, point " + (run.pending + 1) + " comes first."
        : Math.abs(s) <= TINY ? who + " lies on the line, which counts as a mistake." : who + " should be " + signed(p[2]) + ", the neuron says " + signed(-p[2]) + ".";
      return fault + " To correct it, W " + (p[2] > 0 ? "gains" : "loses") + " " + pair(p) + " and t " + (p[2] > 0 ? "falls" : "grows") + " by 1.";
    }
    if (run.ended === "cycle") return "After " + plural(run.mistakes, "mistake") + " the weights are what they were " + run.period + " mistakes ago: the rule cycles and never ends. No line exists.";
    if (run.ended === "cap") return "Stopped after " + words(run.mistakes, 6) + " mistakes without an end." + (best.separable ? "" : " No line exists, so there is none.");
    if (run.ended === "right" && run.mistakes) return "Done after " + plural(run.mistakes, "mistake") + ": every point is on its side." + (run.fromZero ? " The bound allowed " + bound() + "." : "");
    if (!size) return plural(points.length, "point") + ", all weights 0, no line yet. Drag the dashed line, or find the first mistake.";
    if (!wrong) return "All " + points.length + " points right, with margin " + words(ownMargin()) + "; the best line has " + words(best.margin) + ".";
    return plural(wrong, "point") + " of " + points.length + " wrong" + (best.separable ? "." : "; no line gets all right.");
  }
  const ownMargin = () => Math.min(...points.map((p) => p[2] * score(run.weights, p))) / Math.hypot(...run.weights);
  const bound = () => words(mistakeBound(points), 6);
  function describe() {
    const [w0, w1, t] = run.weights;
    const rule = w0 || w1 ? "The neuron says +1 where " + words(w0) + " \u00b7 I\u2080 " + (w1 < 0 ? "\u2212 " : "+ ") + words(Math.abs(w1)) + " \u00b7 I\u2081 > " + words(t) + ". " : "There is no line. ";
    return rule + points.map((p, i) => "Point " + (i + 1) + " at " + pair(p) + " is " + signed(p[2]) + (isMistake(run.weights, p) ? ", wrong" : "")).join("; ") + ".";
  }
  function refresh({ quiet = false } = {}) {
    if (!quiet || !playing) {
      status.textContent = note + situation();
      inWords.textContent = describe();
      question.textContent = QUESTIONS[name] ?? QUESTIONS[""];
    }
    const size = Math.hypot(...run.weights);
    table.set({
      mistakes: String(run.mistakes), wrong: wrongOnes() + " of " + points.length, own: size ? words(ownMargin()) : "none yet",
      best: best.separable ? words(best.margin) : "no line exists", far: words(radius(points)),
      bound: best.separable ? "at most " + bound() + (run.fromZero ? "" : "*") : "none",
    });
    footnote.textContent = !best.separable ? "No separating line exists, so no bound."
      : run.fromZero ? "\u03b3 and R count the threshold\u2019s 1: (I\u2080, I\u2081, 1)." : "* From zero weights: Reset, then Run.";
    knobs.forEach((knob, i) => {
      while (Math.abs(run.weights[i]) > +knob.input.max) { knob.input.max *= 2; knob.input.min *= 2; }
      knob.set(run.weights[i]);
    });
    step.textContent = run.pending >= 0 ? "Correct it" : "Find a mistake";
    step.disabled = run.ended === "right" && run.pending < 0;
    runButton.disabled = step.disabled;
    for (const [set, b] of Object.entries(setButtons)) b.setAttribute("aria-pressed", String(set === name));
    draw();
  }

  // ---- changes
  function restart(weights) {
    pause();
    run = startRun(weights);
    shown = run.weights;
    if (points.length && run.weights.some((w) => w) && findMistake(points, run.weights) < 0) run.ended = "right";
  }
  function touched(text = "") { name = ""; best = bestMargin(points); restart(run.weights); note = text; refresh(); }
  function setLine(weights, text = "") { restart(weights); note = text; refresh(); }
  function load(set, next = seed) {
    name = set; seed = next; points = namedSet(set, seed); plane.view = VIEW; picked = null;
    best = bestMargin(points); restart([0, 0, 0]); note = ""; refresh();
  }
  function addPoint(at) {
    if (points.length >= MOST_POINTS) { note = "There is room for " + MOST_POINTS + " points. "; return refresh(); }
    points.push([...at.map(snap), 1]);
    picked = { kind: "point", i: points.length - 1 };
    touched("Point " + points.length + " added as +1. ");
  }
  function flip(i) { points[i] = [points[i][0], points[i][1], -points[i][2]]; touched("Point " + (i + 1) + " is now " + signed(points[i][2]) + ". "); }
  function remove(i) {
    if (points.length === 1) { note = "The last point stays. "; return refresh(); }
    points.splice(i, 1); picked = null; touched("Point removed. ");
  }
  const inside = ([x, y]) => [Math.max(plane.view[0], Math.min(plane.view[1], x)), Math.max(plane.view[2], Math.min(plane.view[3], y))];
  function movePoint(i, to) { points[i] = [...inside(to).map(snap), points[i][2]]; touched(); }
  const current = () => (clipLine(shown, plane.view) ? run.weights : offered(plane.view));
  const shifted = (weights, [dx, dy]) => [weights[0], weights[1], weights[2] + weights[0] * dx + weights[1] * dy];

  // ---- the rule
  function animate(from, ms, done) {
    if (reducedMotion() || ms < 20) { shown = run.weights; return done(); }
    const begin = performance.now(), to = run.weights, mine = (playing ||= -1);
    const frame = (now) => {
      if (playing !== mine || run.weights !== to) { shown = run.weights; return; }
      const q = Math.min(1, Math.max(0, (now - begin) / ms)), ease = q * q * (3 - 2 * q);
      shown = from.map((w, i) => w + ease * (to[i] - w));
      draw();
      if (q < 1) requestAnimationFrame(frame); else { shown = to; if (mine === -1) playing = 0; done(); }
    };
    requestAnimationFrame(frame);
  }
  function oneStep() {
    pause(); note = "";
    if (run.pending < 0) { if (run.ended !== "right") { run.ended = ""; find(run, points); } return refresh(); }
    const before = run.weights, p = points[run.pending];
    correct(run, points);
    note = "W moved " + (p[2] > 0 ? "toward" : "away from") + " " + pair(p) + ". ";
    shown = before; refresh();
    animate(before, 600, draw);
  }
  function pause() {
    playing = 0;
    if (run) shown = run.weights;
    status.setAttribute("aria-live", "polite");
    runButton.textContent = "Run";
  }
  function play() {
    if (playing > 0) { pause(); note = "Paused. "; return refresh(); }
    pause(); note = ""; if (run.ended !== "right") run.ended = "";
    const mine = (playing = performance.now() + 1), first = run.mistakes, still = reducedMotion();
    status.setAttribute("aria-live", "off");
    runButton.textContent = "Pause";
    const go = () => {
      if (playing !== mine || !el.isConnected) return;
      if (run.ended) { pause(); return refresh(); }
      const pace = still ? 0 : 380 * 0.76 ** Math.max(0, run.mistakes - first - 2);
      if (pace < 16) {
        // too fast to follow: slices of 8 ms, and the page stays awake
        for (const end = performance.now() + 8; !run.ended && performance.now() < end && (still || run.pending < 0);) {
          if (run.pending < 0) find(run, points);
          if (run.pending >= 0) correct(run, points);
        }
        shown = run.weights; refresh({ quiet: true });
        return setTimeout(go, still ? 0 : 16);
      }
      if (run.pending < 0) { find(run, points); refresh({ quiet: true }); return setTimeout(go, pace); }
      const before = run.weights;
      correct(run, points); shown = before; refresh({ quiet: true });
      animate(before, pace * 0.8, () => setTimeout(go, pace * 0.3));
    };
    go();
  }

  // ---- controls
  const setButtons = Object.fromEntries(["and", "or", "xor", "random"].map((set) =>
    [set, button(set === "random" ? "Random" : set.toUpperCase(), () => load(set, set === "random" && name === "random" ? seed + 1 : seed), { "aria-pressed": "false" })]));
  const step = button("Find a mistake", oneStep, { class: "dlm-first" });
  const runButton = button("Run", play);
  const knobs = ["W\u2080", "W\u2081", "t"].map((label, i) => slider(label, { min: -4, max: 4, step: 0.05, value: 0 }, (v) => {
    setLine(run.weights.map((w, k) => (k === i ? v : w)));
  }));
  const footnote = h("div", { class: "dlm-legend" });
  const tries = [
    button("Narrow the gap", () => load("narrow")),
    button("Flip one label", () => flip(0)),
  ];
  const mark = (kind, text) => h("span", {}, h("i", { class: "dlm-" + kind }), text);
  const keys = [["N", "next, "], ["P", "previous: a point, a line end, the line; "], ["arrows", "move it (with Shift five times as far); "], ["F", "flips its label; "], ["A", "adds a point; "], ["Delete", "removes it; "], ["Enter", "finds or corrects a mistake; "], ["R", "runs; "], ["0", "resets."]];
  const body = h("div", { class: "dlm-body" }, question,
    h("div", { class: "dlm-row" }, h("span", {}, "Try this:"), ...Object.values(setButtons), ...tries),
    h("div", { class: "dlm-main" },
      h("div", { class: "dlm-side" }, canvas,
        h("div", { class: "dlm-legend" }, mark("plus", "+1"), mark("minus", "\u22121"), mark("wrong", "wrong now"), mark("shade", "the neuron says +1")),
        h("label", { class: "dlm-check" }, h("input", { type: "checkbox", onchange: (e) => { showBest = e.target.checked; draw(); } }), "Show the line with the best margin")),
      h("div", { class: "dlm-side" },
        h("div", { class: "dlm-row dlm-run" }, step, runButton, button("Reset", () => setLine([0, 0, 0]))),
        status, h("div", {}, ...knobs.map((knob) => knob.el)), h("div", {}, table.el, footnote))),
    h("div", { class: "dlm-more" },
      h("details", {}, h("summary", {}, "Touch and keys"), h("div", {},
        "Drag a point, the line or one of its ends. Tap a point to flip its label, tap an empty place to add a point, drag a point out of the plane to remove it. In the plane: ",
        ...keys.flatMap(([key, does]) => [h("kbd", {}, key), " " + does]))),
      h("details", {}, h("summary", {}, "The picture in words"), inWords),
      linkButton(el, () => [run.weights, ...points], (text) => { status.textContent = text; })));

  // ---- pointer
  let drag = null;
  const reach = (event) => (event.pointerType === "mouse" ? 14 : 24);
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const px = plane.pointer(event), target = hit(px, reach(event));
    drag = { px, target, world: plane.world(px), still: true, slack: event.pointerType === "mouse" ? 4 : 9 };
    if (!target) return;
    picked = { ...target };
    canvas.setPointerCapture(event.pointerId);
    canvas.dataset.drag = "";
    if (target.kind === "point") drag.offset = points[target.i].slice(0, 2).map((v, k) => v - drag.world[k]);
    else { drag.weights = current(); drag.handles = handles(); }
    draw();
  });
  canvas.addEventListener("pointermove", (event) => {
    const px = plane.pointer(event);
    if (!drag) {
      if (hit(px, reach(event))) canvas.dataset.over = ""; else delete canvas.dataset.over;
      return;
    }
    if (drag.still && Math.hypot(px[0] - drag.px[0], px[1] - drag.px[1]) < drag.slack) return;
    drag.still = false;
    const { target } = drag, at = plane.world(px);
    if (!target) return;
    if (target.kind === "point") {
      picked.leaving = px[0] < -8 || px[1] < -8 || px[0] > plane.width + 8 || px[1] > plane.height + 8;
      movePoint(target.i, [at[0] + drag.offset[0], at[1] + drag.offset[1]]);
      if (picked.leaving) status.textContent = "Let go to remove point " + (target.i + 1) + ".";
    } else if (target.kind === "line") setLine(shifted(drag.weights, [at[0] - drag.world[0], at[1] - drag.world[1]]));
    else {
      const pivot = drag.handles[1 - target.i];
      if (Math.hypot(at[0] - pivot[0], at[1] - pivot[1]) > 0.15) setLine(turned(drag.weights, pivot, drag.handles[target.i], at));
    }
  });
  canvas.addEventListener("pointerup", () => {
    const done = drag;
    drag = null; delete canvas.dataset.drag;
    if (!done) return;
    if (picked?.leaving) { delete picked.leaving; return remove(picked.i); }
    if (!done.still) return;
    if (!done.target) addPoint(inside(done.world));
    else if (done.target.kind === "point") flip(done.target.i);
  });
  canvas.addEventListener("pointercancel", () => { drag = null; delete canvas.dataset.drag; if (picked) delete picked.leaving; draw(); });
  // A finger on a point or on the line drags it; anywhere else it scrolls the page.
  canvas.addEventListener("touchstart", (event) => {
    if (event.touches.length === 1 && hit(plane.pointer(event.touches[0]), 24)) event.preventDefault();
  }, { passive: false });

  // ---- keyboard
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const things = [...points.map((_, i) => ({ kind: "point", i })), { kind: "end", i: 0 }, { kind: "end", i: 1 }, { kind: "line" }];
    const where = picked ? things.findIndex((t) => t.kind === picked.kind && t.i === picked.i) : -1;
    const far = GRID * (event.shiftKey ? 5 : 1);
    const arrow = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, far], ArrowDown: [0, -far] }[event.key];
    const key = event.key.toLowerCase();
    if (arrow) {
      picked ??= things[0];
      if (picked.kind === "point") movePoint(picked.i, points[picked.i].slice(0, 2).map((v, k) => v + arrow[k]));
      else if (picked.kind === "line") setLine(shifted(current(), arrow));
      else {
        const at = handles();
        setLine(turned(current(), at[1 - picked.i], at[picked.i], at[picked.i].map((v, k) => v + arrow[k])));
      }
    } else if (key === "n" || key === "p") {
      picked = things[where < 0 ? (key === "n" ? 0 : things.length - 1) : (where + (key === "n" ? 1 : -1) + things.length) % things.length];
      const p = points[picked.i];
      status.textContent = picked.kind === "point" ? "Picked point " + (picked.i + 1) + " at " + pair(p) + ", " + signed(p[2]) + "." : picked.kind === "line" ? "Picked the line." : "Picked end " + (picked.i + 1) + " of the line.";
      draw();
    } else if (key === "f" || key === " ") { if (picked?.kind === "point") flip(picked.i); }
    else if (key === "a") addPoint([(plane.view[0] + plane.view[1]) / 2, (plane.view[2] + plane.view[3]) / 2]);
    else if (key === "delete" || key === "backspace") { if (picked?.kind === "point") remove(picked.i); }
    else if (key === "enter") { if (!step.disabled) oneStep(); }
    else if (key === "r") { if (!runButton.disabled) play(); }
    else if (key === "0") setLine([0, 0, 0]);
    else return;
    event.preventDefault();
  });
  canvas.addEventListener("focus", draw);
  canvas.addEventListener("blur", draw);

  // ---- begin
  function begin() {
    const setup = readSetup(model.get("shared"));
    points = setup?.points ?? model.get("points") ?? namedSet(name, seed);
    if (setup) name = "";
    plane.view = viewOf(points);
    best = bestMargin(points);
    restart(setup?.weights ?? model.get("weights") ?? [0, 0, 0]);
    note = ""; refresh();
  }
  el.append(body);
  adopt(el, draw);
  begin();
  model.on("change:shared", begin);
  keepSharp(canvas, draw);
}

export default { render };

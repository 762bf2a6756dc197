// The error of one recurrent unit over its weight and bias: a valley, a cliff, and one step of gradient descent, plain and clipped.

import { adopt, button, facts, h, linkButton, slider, words } from "./runtime.js";
import { createPlane, drawArrow, drawAxes, drawLine, drawMarker, drawText, keepSharp, palette } from "./plot.js";
import { descend, errorAt, readSpot, START, TARGET, throughTime, wayFrom } from "./rnn_surface.js";

export const WINDOW = [0, 8, -5, 1];
const GRID = 120, BANDS = 12, ZOOMS = [1, 8, 64], MANY = 20, SHORTEST = 14;
const QUESTION = "How long is a gradient at a cliff, and where does one step with it land? Guess, then press One step.";
const at50 = (point, rate, most) => ({ point, rate: Math.log10(rate), most: Math.log10(most), steps: 50 });
export const TRIES = {
  "At the foot of the cliff": [at50([4.3, -2.1844], 0.02, 0.5), "You stand on the wall. How far will one plain step throw you, and how far 20 clipped ones? Guess, press One step, then 20 steps."],
  "Thrown out of the valley": [at50([4.5, -2.1], 0.01, 1), "Both walks begin harmlessly. How many of 20 steps will the plain one stay in the valley? Guess, then press 20 steps."],
  "On the plain": [at50([6.5, -4.5], 0.02, 1), "Far below the cliff h(t) is so low that the sigmoid is flat. In which direction does the gradient point, and what is left of h(0)? Guess, then look right."],
  "Along the valley": [at50([2, -0.3], 0.1, 1), "No cliff here. What does clipping change in the valley? Guess, then press 20 steps."],
  "A short sequence": [{ ...at50([4.3, -2.1844], 0.02, 0.5), steps: 8 }, "The same point, but only 8 steps in time. Where has the cliff gone? Move T up slowly and watch it grow."],
};
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

const STYLE = [
  ".dlm .dlm-map { touch-action: none; }",
  ".dlm .dlm-course { aspect-ratio: 25 / 16; cursor: default; }",
  ".dlm-two { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 4px 22px; }",
  ".dlm-two h4 { display: flex; gap: 8px; align-items: center; font: inherit; font-weight: 600; color: inherit; margin: 0; padding: 0; border: 0; }",
  ".dlm-two h4 i { width: 12px; height: 12px; flex: none; }",
  ".dlm-scale { background: linear-gradient(90deg, var(--accent), var(--plane)); border: 1px solid var(--grid); }",
  ".dlm-legend i.dlm-scale { width: 56px; }",
  ".dlm-dials .dlm-slider.dlm-wide { grid-template-columns: 9.4em 1fr 3.6em; }",
  "@container (max-width: 480px) { .dlm-two { grid-template-columns: minmax(0, 1fr); } .dlm-dials .dlm-slider.dlm-wide { grid-template-columns: 7.6em 1fr 3.2em; } }",
  "@container (max-width: 480px) { .dlm .dlm-tight button { padding-inline: 4px; } }",
  "[data-wide=yes] .dlm-arena { display: contents; }", // on a slide: the map left, all that goes with it right
  "[data-wide=yes] .dlm-arena > * { break-inside: avoid; margin-bottom: 10px; }",
  "[data-wide=yes] .dlm-arena > :first-child { width: 390px; margin-inline: auto; }",
  "[data-wide=yes] .dlm-curves { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }",
].join("\n");

const RAISED = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079";
const power = (k) => "10" + (k < 0 ? "\u207b" : "") + [...String(Math.abs(k))].map((d) => RAISED[d]).join("");
/** Three figures, and powers of ten for what is very large or very small. */
export function tidy(value, digits = 3) {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return "past every bound";
  if (size === 0 || (size >= 1e-3 && size < 1e5)) return words(value, digits);
  const [front, k] = value.toExponential(Math.min(1, digits - 1)).split("e");
  return front.replace("-", "\u2212") + " \u00b7 " + power(+k);
}
const place = ([w, b]) => "(" + tidy(w) + ", " + tidy(b) + ")";
const outside = ([w, b]) => w < WINDOW[0] || w > WINDOW[1] || b < WINDOW[2] || b > WINDOW[3];
const far = ([w, b], [v, a]) => Math.hypot(w - v, b - a);
const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

/** Both walks from a point: where they are, the gradient there, and where the next step lands. */
export function walks({ point, rate, most, steps, gone }) {
  const one = (threshold) => {
    const way = wayFrom(point, gone, { steps, rate: 10 ** rate, most: threshold }), now = way.at(-1), there = throughTime(...now, steps), next = descend(now, there.slope, 10 ** rate, threshold);
    return { way, now, ...there, next, stride: far(now, next), then: errorAt(...next, steps), lost: way.length <= gone };
  };
  return { plain: one(Infinity), short: one(10 ** most) };
}
/** What one sees, in two or three sentences. */
export function situation(now, { plain, short }) {
  const threshold = tidy(10 ** now.most, 2);
  if (!now.gone) {
    const head = "Error " + tidy(plain.error) + ", gradient of length " + tidy(plain.size) + ". ";
    if (plain.size <= 10 ** now.most) return head + "That is below the threshold of " + threshold + ", so both steps are the same. The error becomes " + tidy(plain.then) + ".";
    return head + (outside(plain.next) ? "One plain step lands at " + place(plain.next) + ", outside the picture" : "One plain step is " + tidy(plain.stride, 2) + " long") + ": the error becomes " + tidy(plain.then)
      + ". Clipped to " + threshold + ", the step is " + tidy(short.stride, 2) + " long: the error becomes " + tidy(short.then) + ".";
  }
  const strides = plain.way.slice(1).map((p, k) => far(p, plain.way[k])), longest = strides.indexOf(Math.max(...strides));
  const thrown = strides[longest] > 1 ? " Step " + (longest + 1) + " threw it " + tidy(strides[longest], 2) + " away." : "";
  return "After " + now.gone + (now.gone > 1 ? " steps" : " step") + ": plain, error " + tidy(plain.error) + " at " + place(plain.now) + (plain.lost ? ", too far to go on" : outside(plain.now) ? ", outside the picture" : "") + "." + thrown
    + " Clipped, error " + tidy(short.error) + " at " + place(short.now) + ".";
}

function render({ model, el }) {
  const given = { point: model.get("point"), rate: model.get("rate"), most: model.get("most"), steps: model.get("steps"), gone: 0, zoom: 0 };
  let now, both, question = "", centre = null, painted = "", waiting = 0, dragging = false;

  // ---- the parts of the page
  const mapCanvas = h("canvas", { class: "dlm-map", tabindex: 0, role: "application" });
  const map = createPlane(mapCanvas, { view: WINDOW, pad: [30, 8, 8, 24] });
  const courseCanvas = h("canvas", { class: "dlm-course", role: "img" });
  const factorCanvas = h("canvas", { class: "dlm-course", role: "img" });
  const status = h("div", { class: "dlm-status", role: "status", "aria-live": "polite" });
  const asked = h("div", { class: "dlm-question" });
  const names = { error: "Error", size: "Gradient's length", stride: "Next step's length", lands: "It lands at" };
  const [plainFacts, shortFacts] = [facts(names), facts(names)];
  const ground = h("canvas", { width: GRID, height: GRID });

  // ---- drawing
  function view() {
    if (!now.zoom) return WINDOW;
    const [w, b] = (centre ??= now.point), size = (WINDOW[1] - WINDOW[0]) / ZOOMS[now.zoom] / 2, high = (size * (WINDOW[3] - WINDOW[2])) / (WINDOW[1] - WINDOW[0]);
    return [w - size, w + size, b - high, b + high];
  }
  /** The tint: the darker, the smaller the error, in steps of 10 to the power of 3/8. */
  function paint(ink) {
    const [w0, w1, b0, b1] = map.view, key = [...map.view, now.steps, ink.accent, ink.plane].join();
    if (key === painted) return;
    painted = key;
    const brush = ground.getContext("2d"), image = brush.createImageData(GRID, GRID), [pale, deep] = [ink.plane, ink.accent].map(rgb);
    for (let r = 0; r < GRID; r++) for (let c = 0; c < GRID; c++) {
      const error = errorAt(w0 + ((c + 0.5) / GRID) * (w1 - w0), b1 - ((r + 0.5) / GRID) * (b1 - b0), now.steps), q = Math.max(0, Math.min(1, (1.5 - Math.log10(error + 1e-12)) / 4.5)), shade = (0.9 * Math.ceil(q * BANDS)) / BANDS;
      image.data.set([0, 1, 2].map((i) => pale[i] + shade * (deep[i] - pale[i])).concat(255), 4 * (r * GRID + c));
    }
    brush.putImageData(image, 0, 0);
  }
  function drawWay(ink, { way, now: spot, next }, name, colour, dash) {
    const { ctx } = map, [fx, fy, fw, fh] = map.frame(), inside = ([x, y]) => x >= fx && x <= fx + fw && y >= fy && y <= fy + fh, from = map.at(spot);
    let to = map.at(next);
    map.clip(() => {
      for (const [tone, width, pattern] of [[ink.plane, 4, []], [colour, 2, dash]]) {
        ctx.beginPath();
        for (const p of way) ctx.lineTo(...map.at(p));
        ctx.setLineDash(pattern); ctx.lineWidth = width; ctx.strokeStyle = tone; ctx.stroke(); ctx.setLineDash([]);
      }
      ctx.fillStyle = colour;
      if (way.length > 1) for (const p of way) { ctx.beginPath(); ctx.arc(...map.at(p), 2.4, 0, 2 * Math.PI); ctx.fill(); }
    });
    if (!inside(from)) return [null, [name + " at " + place(spot), from]];
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]], length = Math.hypot(dx, dy);
    let note = null;
    if (!inside(to)) { // the arrow ends at the frame and says where the step lands
      const k = Math.min(...[dx > 0 ? (fx + fw - from[0]) / dx : dx < 0 ? (fx - from[0]) / dx : Infinity, dy > 0 ? (fy + fh - from[1]) / dy : dy < 0 ? (fy - from[1]) / dy : Infinity]);
      to = [from[0] + k * dx, from[1] + k * dy];
      note = ["to " + place(next), to];
    } else if (length > 0 && length < SHORTEST) to = [from[0] + (dx / length) * SHORTEST, from[1] + (dy / length) * SHORTEST];
    for (const [tone, width] of [[ink.plane, 5.5], [colour, 2.6]]) drawArrow(ctx, from, to, tone, { width });
    return [from, note];
  }
  function drawMap(ink) {
    const { ctx } = map;
    map.view = view();
    map.fit();
    drawAxes(map, ink, ["", ""], {});
    paint(ink);
    ctx.imageSmoothingEnabled = now.zoom === 0;
    ctx.drawImage(ground, ...map.frame());
    const [fx, fy, fw, fh] = map.frame();
    drawText(ctx, "w", [fx + fw - 9, fy + fh - 10], ink);
    drawText(ctx, "b", [fx + 9, fy + 10], ink);
    const drawn = [drawWay(ink, both.plain, "plain", ink.minus, [5, 4]), drawWay(ink, both.short, "clipped", ink.plus, [])];
    map.clip(() => {
      if (now.gone) drawn.forEach(([spot], k) => { if (spot) drawMarker(ctx, spot, k ? 1 : -1, ink, { radius: 7 }); });
      const [x, y] = map.at(now.point);
      for (const [tone, width] of [[ink.plane, 6], [ink.fg, 2.5]]) { ctx.strokeStyle = tone; ctx.lineWidth = width; ctx.beginPath(); ctx.arc(x, y, now.gone ? 4 : 8, 0, 2 * Math.PI); ctx.stroke(); }
    });
    for (const [, seen] of drawn) if (seen) {
      const [text, [x, y]] = seen;
      ctx.font = "600 " + ink.font;
      const half = ctx.measureText(text).width / 2 + 5;
      drawText(ctx, text, [Math.max(fx + half, Math.min(fx + fw - half, x)), Math.max(fy + 20, Math.min(fy + fh - 20, y))], ink, { colour: ink.fg, weight: "600 " });
    }
  }
  const small = (canvas, box, pad) => createPlane(canvas, { view: box, ratio: canvas.clientHeight / canvas.clientWidth || 0.64, pad });
  function curves(plane, ink, read) {
    for (const [who, colour, width, dash] of [["plain", ink.minus, 2.2, [6, 4]], ["short", ink.plus, 2.6, []]]) plane.clip(() => {
      const { ctx } = plane;
      ctx.beginPath();
      read(both[who]).forEach((v, t) => ctx.lineTo(...plane.at([t, v])));
      ctx.lineJoin = "round"; ctx.lineWidth = width; ctx.strokeStyle = colour; ctx.setLineDash(dash); ctx.stroke(); ctx.setLineDash([]);
    });
  }
  const titled = (plane, text, ink) => { const [fx, , fw] = plane.frame(); drawText(plane.ctx, text, [fx + fw / 2, 9], ink, { colour: ink.muted }); };
  const bound = (v, most) => Math.max(-most, Math.min(most, Number.isFinite(v) ? v : most));
  function drawCourse(ink) {
    const seen = [...both.plain.course, ...both.short.course, TARGET, START].map((v) => bound(v, 12)), [low, high] = [Math.min(...seen), Math.max(...seen)], air = 0.08 * Math.max(0.5, high - low);
    const plane = small(courseCanvas, [0, now.steps, low - air, high + air], [42, 12, 20, 22]);
    plane.fit();
    drawAxes(plane, ink, ["", ""], {});
    drawLine(plane.ctx, plane.at([0, TARGET]), plane.at([now.steps, TARGET]), ink.accent, { width: 1.5, dash: [2, 3] });
    curves(plane, ink, (one) => one.course.map((v) => bound(v, 1e3)));
    const [x, y] = plane.at([now.steps, TARGET]);
    plane.ctx.strokeStyle = ink.accent; plane.ctx.lineWidth = 2.5; plane.ctx.beginPath(); plane.ctx.arc(x, y, 5, 0, 2 * Math.PI); plane.ctx.stroke();
    titled(plane, "h(t), target 0.7 at T", ink);
  }
  function drawFactors(ink) {
    const logs = (one) => one.factors.map((v) => bound(Math.log10(Math.abs(v) + 1e-99), 99)), seen = [...logs(both.plain), ...logs(both.short)];
    const [low, high] = [Math.max(-20, Math.min(-1, ...seen)), Math.max(1, ...seen)], stride = [1, 2, 5, 10, 20, 50].find((s) => (high - low) / s <= 5) ?? 50, ys = [];
    for (let k = Math.ceil(low / stride) * stride; k <= high; k += stride) ys.push(k);
    const plane = small(factorCanvas, [0, now.steps, low - 0.06 * (high - low), high + 0.06 * (high - low)], [42, 12, 20, 22]);
    plane.fit();
    drawAxes(plane, ink, ["", ""], { ys, yText: power });
    curves(plane, ink, logs);
    titled(plane, "|dh(T)/dh(t)|", ink);
  }
  function draw() {
    waiting = 0;
    if (!both) return;
    const ink = palette(el);
    drawMap(ink);
    drawCourse(ink);
    drawFactors(ink);
  }
  const soon = () => { waiting ||= requestAnimationFrame(draw); };

  // ---- words
  function tell() {
    const { plain, short } = both;
    status.textContent = situation(now, both);
    asked.textContent = question || QUESTION;
    for (const [box, one] of [[plainFacts, plain], [shortFacts, short]]) box.set({ error: tidy(one.error), size: tidy(one.size), stride: tidy(one.stride), lands: place(one.next) });
    mapCanvas.setAttribute("aria-label", "Map of the error over the weight w (across) and the bias b (up). The start is at " + place(now.point) + ". Drag it, or move it with the arrow keys, with Shift ten times as far; Enter is one step. " + status.textContent);
    courseCanvas.setAttribute("aria-label", "h(t) from 0 to T = " + now.steps + ": plain ends at " + tidy(plain.course.at(-1)) + ", clipped at " + tidy(short.course.at(-1)) + ", the target is 0.7.");
    factorCanvas.setAttribute("aria-label", "Slope of h(T) in h(t), backwards through time. In h(0): plain " + tidy(plain.factors[0], 2) + ", clipped " + tidy(short.factors[0], 2) + ".");
    rate.set(now.rate); most.set(now.most); length.set(now.steps);
    zoomIn.disabled = now.zoom === ZOOMS.length - 1; zoomOut.disabled = now.zoom === 0;
  }
  /** Any part of the state may be given. Another start or another T begins both walks afresh. */
  function go(next) {
    if ("zoom" in next && next.zoom !== now?.zoom) centre = null;
    now = { ...now, ...("point" in next || "steps" in next ? { gone: 0 } : {}), ...next };
    both = walks(now);
    tell(); soon();
  }
  function move(point) {
    const round = (v) => bound(Math.round(1e4 * v) / 1e4, 20), next = point.map(round);
    if (now.zoom && !dragging && centre) { const [w0, w1, b0, b1] = map.view; if (next[0] < w0 || next[0] > w1 || next[1] < b0 || next[1] > b1) centre = next; }
    go({ point: next });
  }
  const walk = (count) => go({ gone: Math.min(400, now.gone + count) });
  const zoom = (by) => { const to = now.zoom + by; if (to >= 0 && to < ZOOMS.length) go({ zoom: to }); };

  // ---- the map
  const put = (event) => {
    const [w0, w1, b0, b1] = map.view, [w, b] = map.world(map.pointer(event));
    move([Math.max(w0, Math.min(w1, w)), Math.max(b0, Math.min(b1, b))]);
  };
  mapCanvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    dragging = event.pointerId;
    mapCanvas.setPointerCapture(event.pointerId);
    mapCanvas.toggleAttribute("data-drag", true);
    status.setAttribute("aria-live", "off");
    put(event);
  });
  mapCanvas.addEventListener("pointermove", (event) => { if (event.pointerId === dragging && !waiting) put(event); });
  for (const end of ["pointerup", "pointercancel"]) mapCanvas.addEventListener(end, (event) => {
    if (event.pointerId !== dragging) return;
    if (end === "pointerup") put(event);
    dragging = false;
    mapCanvas.toggleAttribute("data-drag", false);
    status.setAttribute("aria-live", "polite");
  });
  mapCanvas.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  mapCanvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = KEYS[event.key], [w0, w1] = map.view, size = ((w1 - w0) / 160) * (event.shiftKey ? 10 : 1);
    if (step) move(now.point.map((v, i) => v + size * step[i]));
    else if (event.key === "Enter") walk(1);
    else if (event.key === "Home") go({ gone: 0 });
    else if (event.key === "+") zoom(1);
    else if (event.key === "-") zoom(-1);
    else return;
    event.preventDefault();
  });

  // ---- controls
  const wide = (s) => { s.el.classList.add("dlm-wide"); return s; };
  const rate = wide(slider("Learning rate", { min: -3, max: 0, step: 0.05, value: -2, show: (v) => words(10 ** v, 2) }, (v) => go({ rate: v })));
  const most = wide(slider("Clip at length", { min: -1, max: 2, step: 0.05, value: 0, show: (v) => words(10 ** v, 2) }, (v) => go({ most: v })));
  const length = wide(slider("Time steps T", { min: 5, max: 100, step: 1, value: 50, show: String }, (v) => go({ steps: v })));
  const zoomIn = button("Zoom in", () => zoom(1)), zoomOut = button("Zoom out", () => zoom(-1));
  const head = (kind, text) => h("h4", {}, h("i", { class: "dlm-" + kind }), text);
  const about = "The tint is the error (h(T) \u2212 0.7)\u00b2 of h(t) = w \u00b7 sigmoid(h(t\u22121)) + b from h(0) = 0.5, computed here for " + GRID + " \u00d7 " + GRID + " places, on a log scale: the darker, the smaller. The ring is where both walks begin. An arrow is the next step; one that leaves the picture ends at its edge and says where the step lands, one that is too short to be seen is drawn " + SHORTEST + " pixels long. "
    + "The gradient is computed backwards through time. Right, above: h(t) where each walk stands now. Right, below: how much h(T) changes with h(t), a product of T \u2212 t slopes w \u00b7 sigmoid\u2032(h). Where it grows to the left, gradients explode; where it falls, they vanish. "
    + "The cliff lies where h(0) is an unstable fixed point: b = 0.5 \u2212 0.622 w, for w above 4.26. The larger w, the narrower the wall: zoom in. On the map: ";
  const body = h("div", { class: "dlm-body" }, asked,
    h("div", { class: "dlm-row" }, h("span", {}, "Try this:"), ...Object.entries(TRIES).map(([name, [setting, text]]) => button(name, () => { question = text; go({ ...setting, gone: 0, zoom: 0 }); }))),
    h("div", { class: "dlm-row dlm-run dlm-tight" }, button("One step", () => walk(1), { class: "dlm-first" }), button(MANY + " steps", () => walk(MANY)), button("Reset", () => go({ gone: 0 })), zoomIn, zoomOut),
    h("div", { class: "dlm-main dlm-arena" }, mapCanvas, h("div", { class: "dlm-side dlm-curves" }, courseCanvas, factorCanvas)),
    h("div", { class: "dlm-legend" }, h("span", {}, h("i", { class: "dlm-scale" }), "error from 0.001 to 30"), h("span", {}, h("i", { class: "dlm-wrong" }), "start"), h("span", {}, h("i", { style: "height:0;width:22px;border-top:2px dotted var(--accent)" }), "target")),
    status,
    h("div", { class: "dlm-two" }, h("div", {}, head("minus", "Plain"), plainFacts.el), h("div", {}, head("plus", "Clipped"), shortFacts.el)),
    h("div", { class: "dlm-dials" }, rate.el, most.el, length.el),
    h("div", { class: "dlm-more" },
      h("details", {}, h("summary", {}, "What you see"), h("div", {}, about, h("kbd", {}, "arrows"), " move the start, with ", h("kbd", {}, "Shift"), " ten times as far; ", h("kbd", {}, "Enter"), " is one step, ", h("kbd", {}, "Home"), " goes back to the start, ", h("kbd", {}, "+"), " and ", h("kbd", {}, "\u2212"), " zoom.")),
      linkButton(el, () => [...now.point, now.rate, now.most, now.steps, now.gone, now.zoom], (text) => { status.textContent = text; })));
  function begin() {
    question = "";
    now = centre = null;
    go(readSpot(model.get("shared")) ?? given);
  }
  if (el.closest(".deck-part-live")) el.dataset.wide = "yes"; // a slide shows it in two columns: the map is larger so
  el.append(h("style", {}, STYLE), body);
  adopt(el, draw);
  begin();
  model.on("change:shared", begin);
  for (const canvas of [mapCanvas, courseCanvas, factorCanvas]) keepSharp(canvas, soon);
}

export default { render };

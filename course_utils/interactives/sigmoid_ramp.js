// The threshold neuron becomes a ramp: p = sigmoid(k * (W0*I0 + W1*I1 - t)) along the sum and over the plane.

import { adopt, button, h, linkButton, slider, words } from "./runtime.js";
import { clipLine, createPlane, distanceToSegment, drawAxes, drawLine, drawText, keepSharp, palette } from "./plot.js";

export const sigmoid = (z) => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));

/** Log-loss in nats for a target of +1 or -1: -ln of the probability that the target got. */
export const logLoss = (z, target) => Math.max(-target * z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

const STEEPEST = 20, GENTLEST = 0.25, RANGE = Math.log(STEEPEST / GENTLEST);
/** The slider's place from 0 to 1, and the steepness it stands for: equal steps multiply. */
export const steepnessAt = (place) => GENTLEST * Math.exp(place * RANGE);
export const placeOf = (steepness) => Math.log(steepness / GENTLEST) / RANGE;

const WINDOW = [-1.5, 2.5, -1.5, 2.5];

/** A probability in words that never claims certainty. */
export function percent(p) {
  if (p < 0.001) return "less than 0.1 %";
  if (p > 0.999) return "more than 99.9 %";
  return words(100 * p, p < 0.01 || p > 0.99 ? 3 : 2) + " %";
}

function render({ model, el }) {
  const [w0, w1] = model.get("weights"), size = Math.hypot(w0, w1);
  const start = [model.get("steepness"), model.get("threshold"), 1, 0.5];
  let k, t, probe;

  const sums = [[0, 2], [0, 3], [1, 2], [1, 3]].map(([i, j]) => w0 * WINDOW[i] + w1 * WINDOW[j]);
  const curveCanvas = h("canvas", { class: "dlm-flat", role: "img", "aria-label": "Probability of +1 against the weighted sum: a smooth ramp over a dashed step at the threshold." });
  const heatCanvas = h("canvas", { tabindex: 0, role: "application", "aria-label": "Plane of the two inputs, shaded by the probability of +1. The arrow keys move the probe; with Shift in larger steps." });
  const curve = createPlane(curveCanvas, { view: [Math.min(...sums), Math.max(...sums), -0.06, 1.12], ratio: 0.75, pad: [46, 10, 10, 26] });
  const heat = createPlane(heatCanvas, { view: WINDOW });
  const cells = h("canvas", { width: 72, height: 72 });
  const status = h("div", { class: "dlm-status", role: "status", "aria-live": "polite" });

  const sum = () => w0 * probe[0] + w1 * probe[1];
  const chance = (s) => sigmoid(k * (s - t));

  function drawCurve(ink) {
    const { ctx } = curve, [left, right] = curve.view;
    curve.fit();
    drawAxes(curve, ink, ["", ""], { ys: [0, 0.5, 1], yText: (v) => 100 * v + " %" });
    curve.clip(() => {
      const [a, b, c, d] = [[left, 0], [t, 0], [t, 1], [right, 1]].map(curve.at);
      for (const [p, q] of [[a, b], [b, c], [c, d]]) drawLine(ctx, p, q, ink.muted, { width: 1.5, dash: [5, 4] });
      ctx.beginPath();
      for (let i = 0; i <= 400; i++) { const s = left + ((right - left) * i) / 400; ctx.lineTo(...curve.at([s, chance(s)])); }
      ctx.strokeStyle = ink.accent; ctx.lineWidth = 3; ctx.stroke();
      const dot = curve.at([sum(), chance(sum())]);
      drawLine(ctx, curve.at([sum(), -1]), dot, ink.fg, { width: 1, dash: [2, 3] });
      drawProbe(ctx, dot, ink);
    });
    const [fx, , fw] = curve.frame();
    drawText(ctx, "probability of +1", [fx + 52, curve.y(1) + 16], ink);
    drawText(ctx, "weighted sum", [fx + fw - 45, curve.y(0) - 12], ink);
    drawText(ctx, "t", [curve.x(t), curve.y(1) - 9], ink, { weight: "700 " });
  }
  function drawProbe(ctx, [x, y], ink) {
    ctx.beginPath(); ctx.arc(x, y, 7, 0, 2 * Math.PI);
    ctx.fillStyle = ink.plane; ctx.fill(); ctx.strokeStyle = ink.fg; ctx.lineWidth = 3; ctx.stroke();
  }
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  function drawHeat(ink) {
    const { ctx } = heat, n = cells.width, brush = cells.getContext("2d"), image = brush.createImageData(n, n);
    heat.fit();
    drawAxes(heat, ink, ["I\u2080", "I\u2081"]);
    const [ground, plus, minus] = [ink.plane, ink.plus, ink.minus].map(rgb);
    for (let i = 0; i < n * n; i++) {
      const u = WINDOW[0] + ((i % n) + 0.5) / n * (WINDOW[1] - WINDOW[0]), v = WINDOW[3] - (Math.floor(i / n) + 0.5) / n * (WINDOW[3] - WINDOW[2]);
      const p = chance(w0 * u + w1 * v), far = Math.abs(2 * p - 1) * 0.62, tone = p > 0.5 ? plus : minus;
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = ground[c] + far * (tone[c] - ground[c]);
      image.data[4 * i + 3] = 255;
    }
    brush.putImageData(image, 0, 0);
    ctx.imageSmoothingQuality = "high";
    ctx.drawImage(cells, ...heat.frame());
    heat.clip(() => {
      for (const [p, dash, width] of [[0.1, [3, 4], 1.2], [0.5, [], 2.5], [0.9, [3, 4], 1.2]]) {
        const ends = clipLine([w0, w1, t + Math.log(p / (1 - p)) / k], WINDOW);
        if (!ends) continue;
        const [a, b] = ends.map(heat.at);
        drawLine(ctx, a, b, ink.fg, { width, dash });
        if (Math.hypot(a[0] - b[0], a[1] - b[1]) < 90 || (p !== 0.5 && 2.2 / k / size < 0.5)) continue;
        drawText(ctx, 100 * p + " %", [a[0] + (b[0] - a[0]) * 0.1, a[1] + (b[1] - a[1]) * 0.1], ink);
      }
    });
    drawProbe(ctx, heat.at(probe), ink);
  }
  function draw() {
    if (!probe) return;
    const ink = palette(el);
    drawCurve(ink); drawHeat(ink);
  }
  function refresh() {
    const z = k * (sum() - t), p = sigmoid(z), loss = (target) => words(logLoss(z, target), 2);
    status.textContent = "At (" + words(probe[0]) + ", " + words(probe[1]) + ") the neuron gives +1 a chance of " + percent(p)
      + ". Log-loss if the target is +1: " + loss(1) + " nats; if it is \u22121: " + loss(-1) + " nats.";
    knobs[0].set(placeOf(k)); knobs[1].set(t);
    draw();
  }
  const inside = (v, i) => Math.round(Math.max(WINDOW[2 * i], Math.min(WINDOW[2 * i + 1], v)) * 100) / 100;
  const show = (changes) => { ({ k = k, t = t, probe = probe } = changes); probe = probe.map(inside); refresh(); };

  const limits = [Math.floor(curve.view[0]), Math.ceil(curve.view[1])];
  const knobs = [
    slider("Steepness k", { min: 0, max: 1, step: 0.001, value: 0, show: (place) => words(steepnessAt(place), 2) }, (place) => show({ k: steepnessAt(place) })),
    slider("Threshold t", { min: limits[0], max: limits[1], step: 0.05, value: 0 }, (v) => show({ t: v })),
  ];
  for (const knob of knobs) knob.el.classList.add("dlm-wide");
  /** The point with weighted sum s that is nearest to the probe. */
  const alongNormal = (s) => [probe[0] + ((s - sum()) * w0) / size ** 2, probe[1] + ((s - sum()) * w1) / size ** 2];

  function dragOn(plane, canvas, choose) {
    let move = null;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      move = choose(plane.pointer(event), event.pointerType === "mouse" ? 14 : 26);
      if (move) { canvas.setPointerCapture(event.pointerId); canvas.dataset.drag = ""; move(plane.world(plane.pointer(event))); }
    });
    canvas.addEventListener("pointermove", (event) => {
      const px = plane.pointer(event);
      if (move) move(plane.world(px)); else if (choose(px, 14)) canvas.dataset.over = ""; else delete canvas.dataset.over;
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { move = null; delete canvas.dataset.drag; });
    canvas.addEventListener("touchstart", (event) => { if (choose(plane.pointer(event.touches[0]), 26)) event.preventDefault(); }, { passive: false });
  }
  const near = (plane, px, world, reach) => Math.hypot(px[0] - plane.x(world[0]), px[1] - plane.y(world[1])) < reach;
  dragOn(curve, curveCanvas, (px, reach) => {
    if (near(curve, px, [sum(), chance(sum())], reach)) return ([s]) => show({ probe: alongNormal(s) });
    return Math.abs(px[0] - curve.x(t)) < reach * 0.7 ? ([s]) => show({ t: Math.max(limits[0], Math.min(limits[1], Math.round(s * 20) / 20)) }) : null;
  });
  dragOn(heat, heatCanvas, (px, reach) => {
    if (near(heat, px, probe, reach)) return (p) => show({ probe: p });
    const ends = clipLine([w0, w1, t], WINDOW);
    return ends && distanceToSegment(px, ...ends.map(heat.at)) < reach * 0.7 ? (p) => show({ t: Math.round((w0 * p[0] + w1 * p[1]) * 20) / 20 }) : null;
  });
  heatCanvas.addEventListener("keydown", (event) => {
    const d = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!d) return;
    event.preventDefault();
    show({ probe: probe.map((v, i) => v + d[i] * (event.shiftKey ? 0.25 : 0.05)) });
  });

  const mark = (kind, text) => h("span", {}, h("i", { class: "dlm-" + kind }), text);
  el.append(h("div", { class: "dlm-body" },
    h("div", { class: "dlm-question" }, "How steep before the ramp looks like a step? Guess k, then slide."),
    h("div", { class: "dlm-row" }, h("span", {}, "Try this:"),
      button("A gentle ramp", () => show({ k: 0.5 })),
      button("Almost a step", () => show({ k: STEEPEST })),
      button("Sure and wrong", () => show({ k: 8, t: start[1], probe: [0.5 + ((start[1] + 1 - 0.5 * (w0 + w1)) * w0) / size ** 2, 0.5 + ((start[1] + 1 - 0.5 * (w0 + w1)) * w1) / size ** 2] })),
      button("Reset", () => show({ k: start[0], t: start[1], probe: start.slice(2) }))),
    h("div", { class: "dlm-main dlm-even" },
      h("div", { class: "dlm-side" }, curveCanvas, h("div", {}, ...knobs.map((knob) => knob.el))),
      h("div", { class: "dlm-side" }, heatCanvas)),
    h("div", { class: "dlm-legend" }, mark("plus", "sure of +1"), mark("minus", "sure of \u22121"), h("span", {}, "Drag the ring, the line or the threshold t.")),
    status,
    h("div", { class: "dlm-more" }, linkButton(el, () => [[k, t, ...probe]], (text) => { status.textContent = text; }))));
  const begin = () => {
    const row = model.get("shared")?.[0], good = Array.isArray(row) && row.length === 4 && row.every((v) => Number.isFinite(v) && Math.abs(v) < 1e3);
    const [a, b, c, d] = good && row[0] >= 0.2 && row[0] <= 21 ? row : start;
    show({ k: a, t: b, probe: [c, d] });
  };
  adopt(el, draw);
  begin();
  model.on("change:shared", begin);
  for (const canvas of [curveCanvas, heatCanvas]) keepSharp(canvas, draw);
}

export default { render };

// The pictures of a network that trains: its units and weights, one unit large with the examples, the losses.

import { drawAxes, drawMarker, drawText } from "./plot.js";
import { rgb } from "./hex_colour.js";
import { drawCurve } from "./step_curves.js";
import { tintSquare } from "./training_controls.js";
import { ACTIVATIONS, contour, layerOf, place } from "./playground_net.js";

export const GRID = 48, TILE = 24;
const tonesOf = (ink) => [ink.plane, ink.plus, ink.minus].map(rgb);

/** Match the pixels of the canvas to the screen, less closely while the network trains. */
function fitted(canvas, width, height, running) {
  const sharp = Math.min(running ? 2 : 3, (globalThis.devicePixelRatio || 1) * Math.max(0.75, (canvas.getBoundingClientRect().width || width) / width));
  const [w, t] = [Math.round(width * sharp), Math.round(height * sharp)], ctx = canvas.getContext("2d");
  if (canvas.width !== w || canvas.height !== t) { canvas.width = w; canvas.height = t; }
  ctx.setTransform(w / width, 0, 0, t / height, 0, 0);
  ctx.clearRect(0, 0, width, height);
  return ctx;
}
/** Where a unit is neither blue nor orange, and how far from there its full colour lies. */
function scaleOf(net, unit, map) {
  const [l] = layerOf(net, unit), kind = ACTIVATIONS[net.kind], last = net.sizes.length - 1;
  if (l === last || (l && kind === "sigmoid")) return [0.5, 0.5];
  if (l && kind === "tanh") return [0, 1];
  let most = 1e-9;
  for (const v of map) if (Math.abs(v) > most) most = Math.abs(v);
  return [0, most];
}
/** Tint a square of the image with a unit's output over the plane. */
function paintUnit(image, map, [zero, far], side, tones, left = 0) {
  const skip = GRID / side;
  tintSquare(image, side, (x, y) => (map[y * skip * GRID + x * skip] - zero) / far, tones, 0.5, left);
}
/** Weights as lines, thick and solid or dashed, and a picture of each unit where the plan has it. */
export function drawNet(canvas, tiles, ink, { net, maps, plan, running }) {
  const ctx = fitted(canvas, plan.width, plan.height, running), tones = tonesOf(ink), last = net.sizes.length - 1, radius = 17;
  ctx.lineCap = "butt";
  for (let l = 1; l <= last; l++) for (let j = 0; j < net.sizes[l]; j++) for (let i = 0; i < net.sizes[l - 1]; i++) {
    const w = net.weights[place(net, l, j) + i], [x0, y0] = plan.at[l - 1][i], [x1, y1] = plan.at[l][j], half = (x1 - x0) / 2;
    if (!w) continue;
    const thick = Math.min(9, 0.4 + 2.2 * Math.abs(w));
    ctx.strokeStyle = w > 0 ? ink.plus : ink.minus; ctx.lineWidth = thick;
    ctx.setLineDash(w > 0 ? [] : [3.5 + thick, 3 + thick / 2]);
    ctx.globalAlpha = Math.min(1, 0.35 + Math.abs(w) / 2);
    ctx.beginPath(); ctx.moveTo(x0 + radius, y0); ctx.bezierCurveTo(x0 + half, y0, x1 - half, y1, x1 - radius, y1); ctx.stroke();
  }
  ctx.setLineDash([]); ctx.globalAlpha = 1;
  if (tiles.width !== TILE * net.units) tiles.width = TILE * net.units;
  const brush = tiles.getContext("2d"), image = brush.createImageData(TILE * net.units, TILE);
  maps.forEach((map, unit) => paintUnit(image, map, scaleOf(net, unit, map), TILE, tones, TILE * unit));
  brush.putImageData(image, 0, 0);
  plan.at.flat().forEach(([x, y], unit) => {
    ctx.drawImage(tiles, TILE * unit, 0, TILE, TILE, x - radius, y - radius, 2 * radius, 2 * radius);
    ctx.strokeStyle = ink.muted; ctx.lineWidth = 1;
    ctx.strokeRect(x - radius, y - radius, 2 * radius, 2 * radius);
  });
  ["x\u2081", "x\u2082"].forEach((text, i) => drawText(ctx, text, plan.at[0][i], ink, { weight: "600 " }));
}
/** One unit's output over the plane, where it is zero, and the lines of the first layer. */
export function drawUnit(big, cells, ink, { net, maps, unit, lines }) {
  const { ctx } = big, map = maps[unit], brush = cells.getContext("2d"), image = brush.createImageData(GRID, GRID), scale = scaleOf(net, unit, map);
  big.fit();
  drawAxes(big, ink, ["", ""], { xs: [-4, 0, 4], ys: [-4, 0, 4] });
  paintUnit(image, map, scale, GRID, tonesOf(ink));
  brush.putImageData(image, 0, 0);
  const [fx, fy, fw, fh] = big.frame();
  ctx.drawImage(cells, fx, fy, fw, fh);
  const line = (from, level, width, dash) => {
    ctx.beginPath();
    for (const [x0, y0, x1, y1] of contour(from, GRID, level)) {
      ctx.moveTo(fx + ((x0 + 0.5) / GRID) * fw, fy + ((y0 + 0.5) / GRID) * fh);
      ctx.lineTo(fx + ((x1 + 0.5) / GRID) * fw, fy + ((y1 + 0.5) / GRID) * fh);
    }
    ctx.strokeStyle = ink.fg; ctx.lineWidth = width; ctx.setLineDash(dash); ctx.stroke(); ctx.setLineDash([]);
  };
  if (unit > 1) line(map, ACTIVATIONS[net.kind] === "relu" && unit < net.units - 1 ? 1e-6 : scale[0], 2, []);
  if (lines && net.sizes.length > 2) for (let j = 0; j < net.sizes[1]; j++) firstLine(big, net, ink, j);
}
/** Where the weighted sum of a unit of the first layer is 0: always a straight line. */
function firstLine(big, net, ink, j) {
  const { ctx } = big, k = place(net, 1, j), [w0, w1, b] = net.weights.subarray(k, k + 3), size = Math.hypot(w0, w1);
  if (size < 1e-9) return;
  const [x, y] = [(-b * w0) / size ** 2, (-b * w1) / size ** 2], [dx, dy] = [(-w1 / size) * 20, (w0 / size) * 20];
  big.clip(() => {
    ctx.beginPath(); ctx.moveTo(...big.at([x - dx, y - dy])); ctx.lineTo(...big.at([x + dx, y + dy]));
    ctx.strokeStyle = ink.accent; ctx.lineWidth = 2.5; ctx.setLineDash([7, 4]); ctx.stroke(); ctx.setLineDash([]);
  });
}
/** The examples as markers, those of the test hollow, and rings around those of one batch. */
export function drawPoints(ctx, big, ink, { train, test, marked }) {
  const each = (rows, draw) => { for (let e = 0; e < rows.length; e += 3) draw(big.at([rows[e], rows[e + 1]]), rows[e + 2] ? 1 : -1); };
  each(train, (at, label) => drawMarker(ctx, at, label, ink, { radius: 3.6 }));
  each(test, ([x, y], label) => {
    ctx.beginPath();
    if (label > 0) ctx.arc(x, y, 3.4, 0, 2 * Math.PI); else ctx.rect(x - 3, y - 3, 6, 6);
    ctx.fillStyle = ink.plane; ctx.strokeStyle = label > 0 ? ink.plus : ink.minus; ctx.lineWidth = 1.8; ctx.fill(); ctx.stroke();
  });
  ctx.strokeStyle = ink.fg; ctx.lineWidth = 2;
  for (const e of marked) { const [x, y] = big.at([train[3 * e], train[3 * e + 1]]); ctx.beginPath(); ctx.arc(x, y, 7, 0, 2 * Math.PI); ctx.stroke(); }
}
/** Loss after each epoch: solid for training, dashed for the test. */
export function drawLosses(curve, ink, [epochs, ...losses]) {
  const most = Math.max(0.75, ...losses.flat().filter(Number.isFinite));
  curve.view = [0, Math.max(10, epochs.at(-1) ?? 0), 0, Math.min(most * 1.08, 6)];
  curve.fit();
  drawAxes(curve, ink, ["", ""], {});
  losses.forEach((values, i) => drawCurve(curve, values.map((v, k) => [epochs[k], v]), i ? ink.fg : ink.accent, i ? 1.6 : 2.6, i ? [5, 4] : []));
  const [fx, fy, fw] = curve.frame();
  drawText(curve.ctx, "loss (nats) over epochs", [fx + fw - 74, fy + 10], ink, { colour: ink.muted });
}

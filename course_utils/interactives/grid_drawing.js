// The grid and its curves on two canvases: values as tints, best moves as arrows, distances sweep by sweep, returns episode by episode.

import { createPlane, drawArrow, drawAxes, drawLine, drawMarker, drawText } from "./plot.js";
import { css, mixed } from "./colour_scale.js";
import { rgb } from "./hex_colour.js";
import { drawCurve } from "./step_curves.js";
import { bestMoves, ends, GOAL, isOpen, MOVES, PRIZE, START, TRAP, WALL } from "./tabular.js";
import { mean } from "./grid_setup.js";
import { signed } from "./grid_words.js";

const POINTS = 160;

/** As short as a triangle is small: .51, \u2212.03, \u22121. */
const short = (v) => signed(v, Math.abs(v) < 0.995 ? 2 : 0).replace("0.", ".");
/** Blue above zero, orange below, the stronger the farther. */
function tinter(ink) {
  const [pale, plus, minus] = [ink.plane, ink.plus, ink.minus].map(rgb);
  return (v) => css(mixed(pale, v > 0 ? plus : minus, 0.6 * Math.min(1, Math.abs(v)) ** 0.7));
}
/** The cells, the latest episode or a walk, and a frame around the cell of the cursor (-1: none). Returns where the cells lie. */
export function drawWorld(canvas, ink, now, seen, path, cursor) {
  const { world, columns } = now, plane = createPlane(canvas, { view: [0, 1, 0, 1], ratio: world.rows / columns, pad: [0, 0, 0, 0] }), { ctx } = plane, tint = tinter(ink);
  canvas.style.aspectRatio = columns + " / " + world.rows;
  plane.fit();
  const side = plane.width / columns, sized = (k, low, high) => ({ ...ink, font: Math.max(low, Math.min(high, k * side)).toFixed(1) + "px " + ink.font.slice(5) });
  const middle = (s) => [((s % columns) + 0.5) * side, (Math.floor(s / columns) + 0.5) * side], big = sized(0.26, 10, 17), small = sized(0.2, 8.5, 13);
  now.cells.forEach((kind, s) => {
    const [x, y] = middle(s), r = side / 2;
    ctx.fillStyle = kind === WALL ? ink.muted : isOpen(kind) ? tint(seen.values[s]) : ink.plane;
    ctx.fillRect(x - r, y - r, side, side);
    if (isOpen(kind) && now.triangles) MOVES.forEach(([down, right], a) => {
      ctx.beginPath(); ctx.moveTo(x, y);
      for (const k of [-1, 1]) ctx.lineTo(x + r * (right || k), y + r * (down || k));
      ctx.closePath(); ctx.fillStyle = tint(seen.q[4 * s + a]); ctx.fill();
      ctx.strokeStyle = ink.grid; ctx.lineWidth = 0.8; ctx.stroke();
    });
  });
  ctx.strokeStyle = ink.grid; ctx.lineWidth = 1; ctx.beginPath();
  for (let k = 1; k < columns; k++) { ctx.moveTo(k * side, 0); ctx.lineTo(k * side, plane.height); }
  for (let k = 1; k < world.rows; k++) { ctx.moveTo(0, k * side); ctx.lineTo(plane.width, k * side); }
  ctx.stroke();
  if (path.length > 1) for (const [tone, width] of [[ink.plane, 5.5], [ink.accent, 3]]) {
    ctx.beginPath();
    for (const s of path) ctx.lineTo(...middle(s));
    ctx.lineJoin = "round"; ctx.strokeStyle = tone; ctx.lineWidth = width; ctx.globalAlpha = now.triangles ? 0.5 : 0.85; ctx.stroke(); ctx.globalAlpha = 1;
  }
  now.cells.forEach((kind, s) => {
    const [x, y] = middle(s), r = side / 2;
    if (kind === WALL) return;
    if (ends(kind)) {
      drawMarker(ctx, [x, y], kind === TRAP ? -1 : 1, ink, { radius: (kind === PRIZE ? 0.26 : 0.34) * side });
      ctx.font = "600 " + (kind === PRIZE ? small : big).font; ctx.fillStyle = ink.ink; ctx.textAlign = "center"; ctx.textBaseline = "middle";
      return ctx.fillText(kind === GOAL ? "+1" : kind === PRIZE ? ".3" : "\u22121", x, y + 0.5);
    }
    if (kind === START) { ctx.strokeStyle = ink.accent; ctx.lineWidth = 2.5; ctx.setLineDash([5, 4]); ctx.strokeRect(x - r + 2, y - r + 2, side - 4, side - 4); ctx.setLineDash([]); }
    const best = bestMoves(seen.q, s), torn = best.length === 4, known = (a) => now.show !== "learn" || now.one.tried[4 * s + a] > 0;
    if (now.triangles) MOVES.forEach(([down, right], a) => {
      const text = known(a) ? short(seen.q[4 * s + a]) : "?", weight = !torn && best.includes(a) ? "700 " : "";
      ctx.font = weight + small.font;
      const wide = ctx.measureText(text).width, size = parseFloat(small.font) * Math.min(1, (0.46 * side) / wide);
      ctx.font = weight + size.toFixed(1) + small.font.slice(small.font.indexOf("px")); ctx.fillStyle = known(a) ? ink.fg : ink.muted; ctx.textAlign = "center"; ctx.textBaseline = "middle";
      ctx.fillText(text, x + right * 0.26 * side, y + down * 0.37 * side);
    });
    else {
      if (!torn) for (const a of best) {
        const [down, right] = MOVES[a], long = 0.27 * side, cy = y - 0.14 * side;
        for (const [tone, width] of [[ink.plane, 5], [ink.fg, 2]]) drawArrow(ctx, best.length > 1 ? [x, cy] : [x - right * long * 0.8, cy - down * long * 0.8], [x + right * long, cy + down * long], tone, { width });
      }
      drawText(ctx, signed(seen.values[s]), [x, y + 0.32 * side], big, { colour: [0, 1, 2, 3].some(known) ? ink.fg : ink.muted });
    }
  });
  if (path.length) {
    ctx.beginPath(); ctx.arc(...middle(path.at(-1)), 0.15 * side, 0, 2 * Math.PI);
    ctx.fillStyle = ink.accent; ctx.fill(); ctx.strokeStyle = ink.plane; ctx.lineWidth = 2; ctx.stroke();
  }
  if (cursor >= 0) {
    const [x, y] = middle(cursor);
    for (const [tone, width] of [[ink.plane, 5], [ink.fg, 2.5]]) { ctx.strokeStyle = tone; ctx.lineWidth = width; ctx.strokeRect(x - side / 2 + 3, y - side / 2 + 3, side - 6, side - 6); }
  }
  return { plane, side };
}

const around = (low, high, air) => [low - air * (high - low), high + air * (high - low)];
function curvePlane(canvas, view) {
  const plane = createPlane(canvas, { view, ratio: canvas.clientHeight / canvas.clientWidth || 5 / 12, pad: [40, 10, 20, 22] });
  plane.fit();
  plane.ctx.lineJoin = "round";
  return plane;
}
function drawTitle(plane, text, ink) {
  const [fx, , fw] = plane.frame();
  drawText(plane.ctx, text, [fx + fw / 2, 9], ink, { colour: ink.muted });
}
/** Sweep by sweep, on a log scale: the distance to the exact values, and the bound that it keeps below. */
export function drawDistance(canvas, ink, now) {
  const { course, gamma } = now, logs = course.map(([k, d]) => [k, Math.log10(Math.max(d, 1e-12))]), lowest = Math.max(-9, Math.min(-1, ...logs.map(([, v]) => v)));
  const stride = lowest < -5 ? 3 : lowest < -2 ? 2 : 1, ys = [];
  for (let k = 0; k >= lowest - 0.01; k -= stride) ys.push(k);
  const plane = curvePlane(canvas, [0, Math.max(10, now.sweeps), ...around(lowest, Math.max(0.2, ...logs.map(([, v]) => v)), 0.05)]);
  drawAxes(plane, ink, ["", ""], { ys, yText: (k) => (k ? "10" + "\u207b" + "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[-k] : "1") });
  if (now.kept && gamma) drawCurve(plane, [0, plane.view[1]].map((k) => [k, logs[0][1] + k * Math.log10(gamma)]), ink.muted, 1.5, [2, 3]);
  drawCurve(plane, logs, ink.accent, 2.4);
  drawTitle(plane, "distance to exact, by sweeps" + (now.kept && gamma ? "; dotted: \u03b3\u1d4f" : ""), ink);
}
/** Episode by episode: returns as dots, in bins once they are many, and their mean over the latest. */
export function drawReturns(canvas, ink, now, seen) {
  const { returns } = now.one, size = Math.ceil(Math.max(1, returns.length) / POINTS), dots = [], smooth = [];
  for (let k = 0; k < returns.length; k += size) dots.push([k + 1, mean(returns.slice(k, k + size))]);
  let sum = 0;
  returns.forEach((g, k) => { sum += g - (returns[k - 20] ?? 0); if (k % size === size - 1 || k === returns.length - 1) smooth.push([k + 1, sum / Math.min(20, k + 1)]); });
  const plane = curvePlane(canvas, [0, Math.max(20, returns.length), ...around(Math.min(-0.1, seen.best, ...dots.map(([, v]) => v)), Math.max(0.5, seen.best, ...dots.map(([, v]) => v)), 0.06)]);
  drawAxes(plane, ink, ["", ""], {});
  drawLine(plane.ctx, plane.at([0, seen.best]), plane.at([plane.view[1], seen.best]), ink.plus, { width: 1.5, dash: [6, 4] });
  plane.clip(() => { plane.ctx.fillStyle = ink.muted; for (const dot of dots) { plane.ctx.beginPath(); plane.ctx.arc(...plane.at(dot), 1.7, 0, 2 * Math.PI); plane.ctx.fill(); } });
  drawCurve(plane, smooth, ink.accent, 2.4);
  drawTitle(plane, "return, by episodes; dashed: the best", ink);
}

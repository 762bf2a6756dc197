// The perceptron's plane: the line and where one can take hold of it, the points, the weight vector and its next step.

import { clipHalf, clipLine, distanceToSegment, drawArrow, drawAxes, drawLine, drawMarker, drawText } from "./plot.js";
import { corrected, isMistake } from "./perceptron_rule.js";

/** With no line in the window there is a pale one to take hold of. */
export const offered = ([x0, x1, y0, y1]) => [0.3, 1, 0.3 * (x0 + x1) / 2 + 0.775 * y0 + 0.225 * y1];
const endsOf = (weights, view) => clipLine(weights, view) ?? clipLine(offered(view), view);
/** Where the line can be turned: near both of its ends. */
export function handlesOf(weights, view) {
  const [a, b] = endsOf(weights, view), at = (q) => [a[0] + q * (b[0] - a[0]), a[1] + q * (b[1] - a[1])];
  return [at(0.1), at(0.9)];
}
/** What lies within reach of a pixel: a point, else an end of the line, else the line; null if nothing does. */
export function thingAt(px, reach, plane, points, weights) {
  const nearest = (places, kind) => {
    const far = places.map((p) => { const [x, y] = plane.at(p); return Math.hypot(px[0] - x, px[1] - y); }), least = Math.min(...far);
    return least < reach ? { kind, i: far.indexOf(least) } : null;
  };
  const [a, b] = endsOf(weights, plane.view).map(plane.at);
  return nearest(points, "point") ?? nearest(handlesOf(weights, plane.view), "end") ?? (distanceToSegment(px, a, b) < reach * 0.8 ? { kind: "line" } : null);
}

/** The plane with its points, the line that is shown, and the weight vector; `hot` when the keyboard is in the picture. */
export function drawPerceptron(plane, ink, state) {
  const { points, shown, run, picked, best, hot } = state, { ctx } = plane;
  plane.fit();
  drawAxes(plane, ink, ["I\u2080", "I\u2081"]);
  plane.clip(() => {
    const region = clipHalf(shown, plane.view);
    if (region.length && shown.some((w) => w !== 0)) {
      ctx.beginPath(); region.forEach((p) => ctx.lineTo(...plane.at(p)));
      ctx.fillStyle = ink.plus; ctx.globalAlpha = 0.16; ctx.fill(); ctx.globalAlpha = 1;
    }
    if (best?.separable) {
      const wide = clipLine(best.weights, plane.view);
      if (wide) drawLine(ctx, plane.at(wide[0]), plane.at(wide[1]), ink.muted, { width: 2.5, dash: [2, 5] });
    }
    drawTheLine(plane, ink, state);
    drawWeights(plane, ink, state);
  });
  points.forEach((p, i) => {
    const at = plane.at(p);
    drawMarker(ctx, at, p[2], ink, { text: String(i + 1) });
    if (isMistake(shown, p) && shown.some((w) => w !== 0)) ring(ctx, at, 13, ink.fg, 1.5);
    if (run.pending === i) ring(ctx, at, 16, ink.accent, 3.5);
    if (hot && picked?.kind === "point" && picked.i === i) bracket(ctx, at, 19, ink.fg);
    if (picked?.leaving && picked.i === i) drawLine(ctx, [at[0] - 13, at[1] - 13], [at[0] + 13, at[1] + 13], ink.fg, { width: 3 });
  });
}
function ring(ctx, [x, y], r, colour, width) {
  ctx.beginPath(); ctx.arc(x, y, r, 0, 2 * Math.PI); ctx.strokeStyle = colour; ctx.lineWidth = width; ctx.stroke();
}
function bracket(ctx, [x, y], r, colour) {
  ctx.save(); ctx.setLineDash([r * 0.8, r * 1.2]); ctx.lineDashOffset = r * 0.4; ctx.strokeStyle = colour; ctx.lineWidth = 2;
  ctx.strokeRect(x - r, y - r, 2 * r, 2 * r); ctx.restore();
}
function drawTheLine(plane, ink, { shown, picked, hot }) {
  const { ctx } = plane, real = clipLine(shown, plane.view), [a, b] = endsOf(shown, plane.view).map(plane.at), tone = real ? ink.fg : ink.muted;
  drawLine(ctx, a, b, tone, { width: real ? 2.5 : 1.5, dash: real ? [] : [7, 6] });
  handlesOf(shown, plane.view).forEach((p, i) => {
    const at = plane.at(p);
    ctx.beginPath(); ctx.arc(...at, 7, 0, 2 * Math.PI);
    ctx.fillStyle = ink.plane; ctx.fill(); ctx.strokeStyle = tone; ctx.lineWidth = 2; ctx.stroke();
    if (hot && picked?.kind === "end" && picked.i === i) bracket(ctx, at, 13, ink.fg);
  });
  if (hot && picked?.kind === "line") bracket(ctx, [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], 13, ink.fg);
  if (real) return;
  const [fx, fy, fw, fh] = plane.frame();
  drawText(ctx, shown[0] || shown[1] ? "The line is outside this window: take this one" : "No line yet: take this one", [fx + fw / 2, fy + fh - 18], ink);
}
/** The weight vector from the origin, halved until it fits, and the step that the pending mistake asks for. */
function drawWeights(plane, ink, { points, shown, run }) {
  const { ctx } = plane, [x0, x1, y0, y1] = plane.view, target = run.pending >= 0 ? corrected(run.weights, points[run.pending]) : shown;
  let scale = 1;
  const fits = ([a, b]) => a * scale > x0 && a * scale < x1 && b * scale > y0 && b * scale < y1;
  while (scale > 1e-3 && !(fits(shown) && fits(target))) scale /= 2;
  const from = plane.at([0, 0]), tip = plane.at([shown[0] * scale, shown[1] * scale]);
  if (run.pending >= 0) {
    drawLine(ctx, from, plane.at(points[run.pending]), ink.accent, { width: 1, dash: [2, 4] });
    drawArrow(ctx, tip, plane.at([target[0] * scale, target[1] * scale]), ink.accent, { width: 2, dash: [5, 4] });
  }
  if (!shown[0] && !shown[1]) return;
  drawArrow(ctx, from, tip, ink.accent, { width: 3 });
  const size = Math.hypot(tip[0] - from[0], tip[1] - from[1]) || 1;
  const middling = [0, 1].map((i) => from[i] + 0.62 * (tip[i] - from[i])), off = [(tip[1] - from[1]) / size * 15, -(tip[0] - from[0]) / size * 15];
  drawText(ctx, scale < 1 ? "W \u00f7 " + 1 / scale : "W", [middling[0] - off[0], middling[1] - off[1]], ink, { colour: ink.accent, weight: "700 " });
}

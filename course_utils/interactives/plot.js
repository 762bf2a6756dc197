// A plane to draw on: world coordinates, axes, class markers, arrows; sharp on every screen.

import { words } from "./runtime.js";

/** A canvas with world coordinates. `view` is [x0, x1, y0, y1]; `pad` is left, right, top, bottom in px. */
export function createPlane(canvas, { view, ratio = 1, pad = [30, 10, 10, 26] }) {
  const ctx = canvas.getContext("2d"), [left, right, top, bottom] = pad;
  const plane = {
    ctx, view, width: 360, height: 360 * ratio,
    /** Match the pixels of the canvas to the screen; a deck scales its slides, so look at both sizes. */
    fit() {
      const css = canvas.clientWidth || plane.width, seen = canvas.getBoundingClientRect().width || css;
      plane.width = css;
      plane.height = css * ratio;
      const dots = Math.min(4, (globalThis.devicePixelRatio || 1) * Math.max(0.75, seen / css));
      const [w, h] = [Math.round(css * dots), Math.round(css * ratio * dots)];
      if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
      ctx.setTransform(w / plane.width, 0, 0, h / plane.height, 0, 0);
      ctx.clearRect(0, 0, plane.width, plane.height);
    },
    x: (u) => left + ((u - plane.view[0]) / (plane.view[1] - plane.view[0])) * (plane.width - left - right),
    y: (v) => plane.height - bottom - ((v - plane.view[2]) / (plane.view[3] - plane.view[2])) * (plane.height - top - bottom),
    at: ([u, v]) => [plane.x(u), plane.y(v)],
    world: ([px, py]) => [
      plane.view[0] + ((px - left) / (plane.width - left - right)) * (plane.view[1] - plane.view[0]),
      plane.view[2] + ((plane.height - bottom - py) / (plane.height - top - bottom)) * (plane.view[3] - plane.view[2]),
    ],
    /** Where an event happened, in canvas pixels; right under any scaling by the page. */
    pointer(event) {
      const r = canvas.getBoundingClientRect();
      return [((event.clientX - r.left) / r.width) * plane.width, ((event.clientY - r.top) / r.height) * plane.height];
    },
    frame: () => [left, top, plane.width - left - right, plane.height - top - bottom],
    clip(draw) {
      ctx.save(); ctx.beginPath(); ctx.rect(...plane.frame()); ctx.clip(); draw(); ctx.restore();
    },
  };
  return plane;
}

/** Draw again when the canvas gets another size, or comes into sight at another scale. */
export function keepSharp(canvas, draw) {
  new ResizeObserver(draw).observe(canvas);
  new IntersectionObserver(draw).observe(canvas);
  document.fonts?.ready.then(draw);
}

/** The colours and the type that the style sheet gives this figure now. */
export function palette(el) {
  const css = getComputedStyle(el), read = (name) => css.getPropertyValue("--" + name).trim();
  const ink = Object.fromEntries(["fg", "muted", "grid", "plane", "plus", "minus", "accent", "ink"].map((name) => [name, read(name)]));
  return { ...ink, font: "12px " + css.fontFamily };
}

/** Numbers at round places, at most about six of them. */
export function ticks(from, to) {
  const rough = (to - from) / 5, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.99);
  const out = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + 1e-9; i++) out.push(+(i * step).toPrecision(12));
  return out;
}

/** Ground, fine grid and numbers. `names` are the axis names, x then y. */
export function drawAxes(plane, ink, names, { xs, ys, yText = words } = {}) {
  const { ctx, view } = plane, [fx, fy, fw, fh] = plane.frame();
  ctx.fillStyle = ink.plane;
  ctx.fillRect(fx, fy, fw, fh);
  ctx.font = ink.font; ctx.lineWidth = 1;
  const line = (strong, x0, y0, x1, y1) => {
    ctx.strokeStyle = ink.grid; ctx.globalAlpha = strong ? 1 : 0.45;
    ctx.beginPath(); ctx.moveTo(x0, y0); ctx.lineTo(x1, y1); ctx.stroke(); ctx.globalAlpha = 1;
  };
  ctx.fillStyle = ink.muted; ctx.textAlign = "center"; ctx.textBaseline = "top";
  for (const u of xs ?? ticks(view[0], view[1])) {
    line(u === 0, plane.x(u), fy, plane.x(u), fy + fh);
    ctx.fillText(words(u), plane.x(u), fy + fh + 5);
  }
  ctx.textAlign = "right"; ctx.textBaseline = "middle";
  for (const v of ys ?? ticks(view[2], view[3])) {
    line(v === 0, fx, plane.y(v), fx + fw, plane.y(v));
    ctx.fillText(yText(v), fx - 6, plane.y(v));
  }
  ctx.fillStyle = ink.fg; ctx.textAlign = "right"; ctx.textBaseline = "top";
  ctx.fillText(names[0], fx + fw, fy + fh + 5);
  ctx.fillText(names[1], fx - 6, fy);
}

/** A short text with a halo, so that lines behind it do not cross it out. */
export function drawText(ctx, text, [x, y], ink, { colour = ink.fg, weight = "" } = {}) {
  ctx.save();
  ctx.font = weight + ink.font; ctx.textAlign = "center"; ctx.textBaseline = "middle"; ctx.lineJoin = "round";
  ctx.strokeStyle = ink.plane; ctx.lineWidth = 4; ctx.strokeText(text, x, y);
  ctx.fillStyle = colour; ctx.fillText(text, x, y);
  ctx.restore();
}

/** Class +1 is a blue circle, class \u22121 an orange square, everywhere in the course. */
export function drawMarker(ctx, [x, y], label, ink, { radius = 9, text = "" } = {}) {
  ctx.beginPath();
  if (label > 0) ctx.arc(x, y, radius, 0, 2 * Math.PI);
  else ctx.rect(x - radius * 0.9, y - radius * 0.9, radius * 1.8, radius * 1.8);
  ctx.fillStyle = label > 0 ? ink.plus : ink.minus;
  ctx.strokeStyle = ink.plane; ctx.lineWidth = 1.5;
  ctx.fill(); ctx.stroke();
  if (!text) return;
  ctx.font = "600 " + ink.font.replace("12px", "11px"); ctx.fillStyle = ink.ink;
  ctx.textAlign = "center"; ctx.textBaseline = "middle";
  ctx.fillText(text, x, y + 0.5);
}

export function drawLine(ctx, [x0, y0], [x1, y1], colour, { width = 2, dash = [] } = {}) {
  ctx.save();
  ctx.strokeStyle = colour; ctx.lineWidth = width; ctx.setLineDash(dash);
  ctx.beginPath(); ctx.moveTo(x0, y0); ctx.lineTo(x1, y1); ctx.stroke();
  ctx.restore();
}

export function drawArrow(ctx, from, to, colour, options = {}) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]], length = Math.hypot(dx, dy);
  if (length < 2) return;
  const [ux, uy] = [dx / length, dy / length], head = Math.min(9, length);
  drawLine(ctx, from, [to[0] - ux * head * 0.8, to[1] - uy * head * 0.8], colour, options);
  ctx.beginPath();
  ctx.moveTo(...to);
  ctx.lineTo(to[0] - ux * head - uy * head * 0.45, to[1] - uy * head + ux * head * 0.45);
  ctx.lineTo(to[0] - ux * head + uy * head * 0.45, to[1] - uy * head - ux * head * 0.45);
  ctx.fillStyle = colour; ctx.fill();
}

/** Where the line w0 x + w1 y = t crosses the view: its two ends, or null if it does not. */
export function clipLine([w0, w1, t], [x0, x1, y0, y1]) {
  const size = Math.hypot(w0, w1);
  if (size < 1e-9) return null;
  const hits = [];
  if (w1) for (const x of [x0, x1]) { const y = (t - w0 * x) / w1; if (y >= y0 && y <= y1) hits.push([x, y]); }
  if (w0) for (const y of [y0, y1]) { const x = (t - w1 * y) / w0; if (x >= x0 && x <= x1) hits.push([x, y]); }
  const along = ([x, y]) => (-w1 * x + w0 * y) / size;
  hits.sort((a, b) => along(a) - along(b));
  const ends = [hits[0], hits.at(-1)];
  return hits.length > 1 && along(ends[1]) - along(ends[0]) > 1e-6 ? ends : null;
}

/** The part of the view where w0 x + w1 y > t, as a polygon (empty if there is none). */
export function clipHalf([w0, w1, t], [x0, x1, y0, y1]) {
  const corners = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]], out = [];
  corners.forEach((a, i) => {
    const b = corners[(i + 1) % 4], sa = w0 * a[0] + w1 * a[1] - t, sb = w0 * b[0] + w1 * b[1] - t;
    if (sa > 0) out.push(a);
    if (sa > 0 !== sb > 0) { const q = sa / (sa - sb); out.push([a[0] + q * (b[0] - a[0]), a[1] + q * (b[1] - a[1])]); }
  });
  return out;
}

/** Distance of p to the segment from a to b. */
export function distanceToSegment(p, a, b) {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const q = Math.max(0, Math.min(1, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(p[0] - a[0] - q * dx, p[1] - a[1] - q * dy);
}

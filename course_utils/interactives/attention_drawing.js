// Three pictures of a transformer that reads: its text as a strip, one head's map, and all heads small.

import { createPlane } from "./plot.js";
import { headNumber, planeOfHeight, shadesOf } from "./head_views.js";

const CELL = 15, CHARACTER = 22, SURPRISE = 12, STRIP = 17;

/** Bits with a sign. */
export const signed = (v) => (v < -0.0005 ? "\u2212" : "+") + Math.abs(v).toFixed(2);

/** The text, one cell for each character: the darker, the more the chosen one looks at it; below, its surprise. Returns where the cells lie. */
export function drawStrip(strip, ink, { state, now, bits, signs, start }) {
  const width = strip.clientWidth || 680, inLine = Math.max(8, Math.floor(width / CELL)), lines = Math.max(1, Math.ceil(state.ids.length / inLine)), block = CHARACTER + SURPRISE + 5;
  const wide = Math.min(CELL + 3, width / Math.min(inLine, Math.max(state.ids.length, 24))), plane = planeOfHeight(strip, lines * block), { ctx } = plane, row = state.looks[now.head]?.[now.place] ?? [], shade = shadesOf(ink), font = "14px ui-monospace, Menlo, Consolas, monospace";
  ctx.textAlign = "center"; ctx.textBaseline = "middle";
  state.ids.forEach((id, t) => {
    const x = (t % inLine) * wide, y = Math.floor(t / inLine) * block, here = t === now.place, a = row[t] ?? 0;
    ctx.fillStyle = a > 0 ? shade(a) : ink.plane;
    ctx.globalAlpha = t > now.place ? 0.35 : 1;
    ctx.fillRect(x, y, wide - 1, CHARACTER);
    ctx.globalAlpha = 1;
    ctx.fillStyle = Math.sqrt(a) > 0.62 ? ink.plane : t >= now.prompt + start ? ink.accent : t > now.place ? ink.muted : ink.fg;
    ctx.font = (t >= now.prompt + start ? "700 " : "") + font;
    ctx.fillText(signs[id], x + (wide - 1) / 2, y + CHARACTER / 2 + 1);
    const high = Math.min(1, bits[t] / 10) * SURPRISE;
    ctx.fillStyle = ink.minus;
    ctx.fillRect(x + 1, y + CHARACTER + 1, wide - 3, high);
    if (here) { ctx.strokeStyle = ink.accent; ctx.lineWidth = 2.4; ctx.strokeRect(x + 0.5, y + 1, wide - 2, CHARACTER - 2); }
  });
  return { plane, inLine, wide, block };
}
/** One head, large: who looks is a row, who is looked at a column. Returns where the rows lie. */
export function drawMap(map, ink, { state, now, signs }) {
  const plane = createPlane(map, { view: [0, 1, 0, 1], pad: [0, 0, 0, 0] }), { ctx } = plane, rows = state.looks[now.head], n = Math.max(1, rows.length), shade = shadesOf(ink);
  plane.fit();
  const edge = n <= 34 ? 15 : 0, cell = (plane.width - edge) / n;
  ctx.fillStyle = ink.plane; ctx.fillRect(edge, edge, plane.width, plane.height);
  rows.forEach((row, t) => row.forEach((a, j) => {
    if (a < 0.002) return;
    ctx.fillStyle = shade(a);
    ctx.fillRect(edge + j * cell, edge + t * cell, Math.max(cell - (cell > 6 ? 0.7 : 0), 0.8), Math.max(cell - (cell > 6 ? 0.7 : 0), 0.8));
  }));
  if (edge) {
    ctx.font = "11px ui-monospace, Menlo, Consolas, monospace"; ctx.textAlign = "center"; ctx.textBaseline = "middle"; ctx.fillStyle = ink.muted;
    state.ids.forEach((id, t) => { ctx.fillText(signs[id], edge + (t + 0.5) * cell, edge / 2); ctx.fillText(signs[id], edge / 2, edge + (t + 0.5) * cell); });
  }
  ctx.strokeStyle = ink.grid; ctx.lineWidth = 1;
  ctx.beginPath(); ctx.moveTo(edge, edge); ctx.lineTo(edge + n * cell, edge + n * cell); ctx.stroke();
  if (now.place < rows.length) { ctx.strokeStyle = ink.accent; ctx.lineWidth = 2; ctx.strokeRect(edge + 1, edge + now.place * cell - 0.5, (now.place + 1) * cell - 1, Math.max(cell, 3) + 1); }
  return { plane, edge, cell };
}
/** All heads, one row of small maps for each layer; below each its name, and what it is worth once that is measured. Returns where they lie. */
export function drawGrid(grid, ink, { state, now, costs }) {
  const { layers, heads } = state.net.config;
  const width = grid.clientWidth || 320, wide = width / heads, side = Math.min(wide - 6, 88), block = side + STRIP + 4, plane = planeOfHeight(grid, layers * block), { ctx } = plane, shade = shadesOf(ink);
  ctx.textAlign = "center"; ctx.textBaseline = "middle";
  for (let k = 0; k < layers * heads; k++) {
    const x = (k % heads) * wide + (wide - side) / 2, y = Math.floor(k / heads) * block + 2, rows = state.looks[k], cell = side / Math.max(1, rows.length);
    ctx.fillStyle = ink.plane; ctx.fillRect(x, y, side, side);
    rows.forEach((row, t) => row.forEach((a, j) => { if (a > 0.01) { ctx.fillStyle = shade(a); ctx.fillRect(x + j * cell, y + t * cell, Math.max(cell, 1), Math.max(cell, 1)); } }));
    ctx.strokeStyle = k === now.head ? ink.accent : ink.grid; ctx.lineWidth = k === now.head ? 3 : 1;
    ctx.strokeRect(x, y, side, side);
    if (now.off.includes(k)) { ctx.strokeStyle = ink.minus; ctx.lineWidth = 3; ctx.beginPath(); ctx.moveTo(x + 4, y + 4); ctx.lineTo(x + side - 4, y + side - 4); ctx.moveTo(x + side - 4, y + 4); ctx.lineTo(x + 4, y + side - 4); ctx.stroke(); }
    ctx.font = (k === now.head ? "700 " : "") + ink.font; ctx.fillStyle = k === now.head ? ink.fg : ink.muted;
    ctx.fillText(costs?.[k] === undefined ? headNumber(k, heads) : signed(costs[k]), x + side / 2, y + side + STRIP / 2 + 1);
  }
  return { plane, wide, block };
}

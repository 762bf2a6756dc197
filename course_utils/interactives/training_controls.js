// What figures share in which a network trains: data sets to press, menus, legends, a tinted field, a layer of points.

import { h } from "./runtime.js";

export const MENUS = [
  ".dlm select { font: inherit; color: var(--fg); background: var(--plane); border: 1px solid var(--edge); border-radius: 6px; padding: 3px 4px; margin: 0; min-height: 30px; width: 100%; }",
  ".dlm select:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }",
  "@media (pointer: coarse) { .dlm select { min-height: 40px; } }",
  ".dlm .dlm-set { padding: 2px; min-height: 0; line-height: 0; }",
  ".dlm .dlm-set canvas { width: 46px; height: 46px; cursor: pointer; }",
];

/** A button for each data set, with its picture. */
export const setButtonsOf = (names, chosen) => Object.fromEntries(Object.entries(names).map(([set, name]) =>
  [set, h("button", { type: "button", class: "dlm-set", "aria-label": name, title: name, "aria-pressed": "false", onclick: () => chosen(set) }, h("canvas", { width: 92, height: 92 }))]));
export function paintSets(buttons, paint) {
  for (const [set, b] of Object.entries(buttons)) {
    const ctx = b.firstChild.getContext("2d");
    ctx.clearRect(0, 0, 92, 92);
    paint(ctx, set);
  }
}

/** A menu of numbers or of words. */
export function select(values, chosen, attributes = {}) {
  const e = h("select", attributes, ...values.map((v) => h("option", { value: v }, String(v))));
  e.addEventListener("change", () => chosen(typeof values[0] === "number" ? +e.value : e.value));
  return e;
}
/** Show a value in its menu, which takes it in if it is not there yet. */
export function choose(e, v) {
  if (![...e.options].some((o) => o.value === String(v))) e.append(h("option", { value: v }, String(v)));
  e.value = String(v);
}

/** Before the words of a legend: the mark of a class, the stroke of a line. */
export const mark = (kind, text) => h("span", {}, h("i", { class: "dlm-" + kind }), text);
export const stroke = (style, text) => h("span", {}, h("i", { style: "height:0;width:22px;border-top:" + style }), text);

/** Points that change seldom: they are painted once and then laid over each new picture. */
export function pointsLayer(plane, canvas) {
  let dots = null;
  return (state, rows, paint) => {
    const key = [plane.width, canvas.width, ...state].join();
    if (dots?.key !== key || dots.rows !== rows) {
      const layer = h("canvas", { width: canvas.width, height: canvas.height }), ctx = layer.getContext("2d");
      ctx.setTransform(canvas.width / plane.width, 0, 0, canvas.height / plane.height, 0, 0);
      paint(ctx);
      dots = { key, rows, layer };
    }
    plane.ctx.save(); plane.ctx.setTransform(1, 0, 0, 1, 0, 0); plane.ctx.drawImage(dots.layer, 0, 0); plane.ctx.restore();
  };
}

/** Paint a square of an image: blue where v(x, y) is above zero, orange below, the part `most` of it at 1. `tones` are ground, blue and orange. */
export function tintSquare(image, side, v, [ground, plus, minus], most, left = 0) {
  const { data, width } = image;
  for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) {
    const here = v(x, y), tone = here > 0 ? plus : minus, q = Math.min(1, Math.abs(here)) * most, k = 4 * (y * width + left + x);
    for (let i = 0; i < 3; i++) data[k + i] = ground[i] + q * (tone[i] - ground[i]);
    data[k + 3] = 255;
  }
}

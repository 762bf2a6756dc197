// What pictures of attention heads share: their names, a weight as a shade and as a share, a canvas as high as it must be.

import { createPlane } from "./plot.js";
import { css, mixed } from "./colour_scale.js";
import { rgb } from "./hex_colour.js";

export const headName = (k, heads) => "layer " + (Math.floor(k / heads) + 1) + ", head " + ((k % heads) + 1);
export const headNumber = (k, heads) => Math.floor(k / heads) + 1 + "." + ((k % heads) + 1);
export const percent = (v) => (v >= 0.995 ? "100 %" : v < 0.005 ? (v > 0 ? "< 1 %" : "0 %") : Math.round(100 * v) + " %");
/** The more weight, the deeper the blue; small ones are lifted, so that they can be seen. */
export function shadesOf(ink) {
  const [pale, deep] = [ink.plane, ink.plus].map(rgb);
  return (weight) => css(mixed(pale, deep, Math.sqrt(weight)));
}
export function planeOfHeight(canvas, high, width = canvas.clientWidth || 640) {
  if (canvas.style.height !== high + "px") canvas.style.height = high + "px";
  const plane = createPlane(canvas, { view: [0, 1, 0, 1], ratio: high / width, pad: [0, 0, 0, 0] });
  plane.fit();
  return plane;
}

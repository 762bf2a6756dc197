// From what a reader draws to the 8 x 8 picture that a network knows, the way scikit-learn's digits were made.

export const SIDE = 32, BLOCK = 4, WIDEST = 25;
/** Radius of the pen in pixels of the 32 x 32 bitmap: of 2, 2.4 and 2.8, digits drawn with it were read best. */
export const PEN = 2.4;

function distance2(x, y, [ax, ay], [bx, by]) {
  const dx = bx - ax, dy = by - ay, size = dx * dx + dy * dy;
  const q = size ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / size)) : 0;
  return (x - ax - q * dx) ** 2 + (y - ay - q * dy) ** 2;
}

/** How far the middle of each pixel lies from the nearest stroke; strokes in pixels of the bitmap. */
export function distances(strokes) {
  const far = new Float64Array(SIDE * SIDE).fill(Infinity);
  for (const stroke of strokes) for (let k = 0; k < Math.max(1, stroke.length - 1); k++) {
    const a = stroke[k], b = stroke[k + 1] ?? a;
    for (let i = 0; i < far.length; i++) far[i] = Math.min(far[i], distance2((i % SIDE) + 0.5, Math.floor(i / SIDE) + 0.5, a, b));
  }
  return far.map(Math.sqrt);
}

/** Points closer together than `step` say nothing new: leave them out, and keep both ends. */
export function thin(stroke, step) {
  const kept = [stroke[0]];
  for (const p of stroke.slice(1, -1)) if (Math.hypot(p[0] - kept.at(-1)[0], p[1] - kept.at(-1)[1]) >= step) kept.push(p);
  if (stroke.length > 1) kept.push(stroke.at(-1));
  return kept;
}

/** Move and stretch the strokes so that with the pen they fill the height, and the width as far as they are wide. */
export function fitted(strokes) {
  const all = strokes.flat(), range = (i) => [Math.min(...all.map((p) => p[i])), Math.max(...all.map((p) => p[i]))];
  const [[x0, x1], [y0, y1]] = [range(0), range(1)], wide = x1 - x0, tall = y1 - y0;
  const sy = (SIDE - 2 * PEN) / Math.max(tall, wide / 3, 1e-3); // a dash stays flat
  const sx = Math.min(sy, (WIDEST - 2 * PEN) / Math.max(wide, 1e-3));
  return strokes.map((stroke) => stroke.map(([x, y]) => [SIDE / 2 + sx * (x - (x0 + x1) / 2), SIDE / 2 + sy * (y - (y0 + y1) / 2)]));
}

/** The bitmap of zeros and ones that the pen leaves along strokes given in its pixels. */
export const inked = (strokes) => Array.from(distances(strokes.map((stroke) => thin(stroke, 0.7))), (d) => (d <= PEN ? 1 : 0));

/** Count the ink in blocks of 4 x 4: 0 to 16, divided by 16. */
export function blocks(bitmap) {
  const side = SIDE / BLOCK, out = new Array(side * side).fill(0);
  bitmap.forEach((ink, i) => { out[Math.floor(i / SIDE / BLOCK) * side + Math.floor((i % SIDE) / BLOCK)] += ink / BLOCK ** 2; });
  return out;
}

/** The 8 x 8 picture of a drawing in coordinates from 0 to 1: cropped to the strokes and centred, so that size and
    place of the drawing don't matter. On top of an example, strokes add their ink where they are. */
export function pictureOf(strokes, example) {
  if (!strokes.length) return example ? Array.from(example) : new Array(64).fill(0);
  if (!example) return blocks(inked(fitted(strokes)));
  const added = blocks(inked(strokes.map((stroke) => stroke.map(([x, y]) => [SIDE * x, SIDE * y]))));
  return added.map((v, i) => Math.min(1, v + example[i]));
}

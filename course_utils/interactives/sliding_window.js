// A 3 x 3 kernel over a picture, without any drawing: kernels, windows, sums, pooling.

export const PRESETS = {
  identity: [0, 0, 0, 0, 1, 0, 0, 0, 0],
  blur: [1, 1, 1, 1, 1, 1, 1, 1, 1].map((v) => v / 9),
  sharpen: [0, -1, 0, -1, 5, -1, 0, -1, 0],
  edges: [-1, -1, -1, -1, 8, -1, -1, -1, -1],
  vertical: [-1, 0, 1, -2, 0, 2, -1, 0, 1],
  horizontal: [-1, -2, -1, 0, 0, 0, 1, 2, 1],
  diagonal: [0, 1, 2, -1, 0, 1, -2, -1, 0],
};

/** How many windows fit along n pixels, and how far the first one hangs over the edge. "same" pads as Keras does. */
export function windows(n, stride, padding) {
  if (padding !== "same") return [Math.floor((n - 3) / stride) + 1, 0];
  const count = Math.ceil(n / stride);
  return [count, Math.max((count - 1) * stride + 3 - n, 0) >> 1];
}

/** The nine pixels under the window of output pixel (r, c); null where it hangs over the edge. */
export function windowAt(image, [r, c], { stride, padding }) {
  const [, up] = windows(image.length, stride, padding), [, left] = windows(image[0].length, stride, padding);
  return Array.from({ length: 9 }, (_, k) => image[r * stride - up + Math.floor(k / 3)]?.[c * stride - left + (k % 3)] ?? null);
}

export function convolve(image, kernel, how) {
  const [rows] = windows(image.length, how.stride, how.padding), [columns] = windows(image[0].length, how.stride, how.padding);
  return Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) => {
    const sum = windowAt(image, [r, c], how).reduce((total, v, k) => total + (v ?? 0) * kernel[k], 0);
    return how.relu ? Math.max(0, sum) : sum;
  }));
}

/** Largest of each 2 x 2 block; what is left over at the edge is dropped. Unknown (null) stays unknown. */
export function poolMax(grid) {
  return Array.from({ length: grid.length >> 1 }, (_, r) => Array.from({ length: grid[0].length >> 1 }, (_, c) => {
    const four = [grid[2 * r][2 * c], grid[2 * r][2 * c + 1], grid[2 * r + 1][2 * c], grid[2 * r + 1][2 * c + 1]];
    return four.includes(null) ? null : Math.max(...four);
  }));
}

/** Move a picture to the right; what leaves it is gone, what comes in is paper. */
export const shifted = (image, by) => image.map((row) => row.map((_, c) => row[c - by] ?? 0));

/** How many numbers of two grids are the same. */
export const unchanged = (a, b) => a.flat().filter((v, i) => Math.abs(v - b.flat()[i]) < 1e-9).length;

// Random numbers that every reader meets alike: one small seeded generator for all figures.

/** mulberry32: numbers from 0 up to 1, the same run of them for the same seed. */
export function seeded(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let v = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    v = (v + Math.imul(v ^ (v >>> 7), 61 | v)) ^ v;
    return ((v ^ (v >>> 14)) >>> 0) / 4294967296;
  };
}

/** One number from the bell curve of mean 0 and spread 1, out of two of the generator's (Box and Muller). */
export const normal = (r) => Math.sqrt(-2 * Math.log(1 - r())) * Math.cos(2 * Math.PI * r());

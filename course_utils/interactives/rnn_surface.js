// One recurrent unit, h(t) = w sigmoid(h(t-1)) + b: its course, its error after T steps, and its gradient backwards through time.

export const START = 0.5, TARGET = 0.7;
export const squash = (z) => 1 / (1 + Math.exp(-z));

/** h(0), h(1), ..., h(T). */
export function unroll(w, b, steps) {
  const course = [START];
  for (let t = 0; t < steps; t++) course.push(w * squash(course[t]) + b);
  return course;
}
/** The squared distance of h(T) to the target. */
export function errorAt(w, b, steps) {
  let now = START;
  for (let t = 0; t < steps; t++) now = w / (1 + Math.exp(-now)) + b;
  return (now - TARGET) ** 2;
}
/** Error and gradient [by w, by b], backwards through time. `factors[t]` is the slope of h(T) in h(t), a product of Jacobians. */
export function throughTime(w, b, steps) {
  const course = unroll(w, b, steps), factors = new Array(steps + 1), miss = course[steps] - TARGET;
  let [byW, byB, factor] = [0, 0, 1];
  factors[steps] = 1;
  for (let t = steps; t > 0; t--) {
    const out = squash(course[t - 1]);
    byW += 2 * miss * factor * out; // h(t) sees w directly through this factor,
    byB += 2 * miss * factor; // b through 1,
    factor *= w * out * (1 - out); // and h(t - 1) through the slope of the sigmoid
    factors[t - 1] = factor;
  }
  return { error: miss * miss, slope: [byW, byB], size: Math.hypot(byW, byB), course, factors };
}
/** The gradient, shortened to the threshold where it is longer. */
export function clipped([byW, byB], most) {
  const k = Math.min(1, most / (Math.hypot(byW, byB) || 1));
  return [k * byW, k * byB];
}
/** Where one step of gradient descent leads. Without a threshold it is a plain one. */
export function descend([w, b], slope, rate, most = Infinity) {
  const [byW, byB] = most < Infinity ? clipped(slope, most) : slope;
  return [w - rate * byW, b - rate * byB];
}
/** The way of `count` steps from a point: [w, b] each. It ends early where the numbers leave what a computer can hold. */
export function wayFrom(point, count, { steps, rate, most }) {
  const way = [point];
  while (way.length <= count) {
    const next = descend(way.at(-1), throughTime(...way.at(-1), steps).slope, rate, most);
    if (!next.every((v) => Number.isFinite(v) && Math.abs(v) < 1e12)) break;
    way.push(next);
  }
  return way;
}

/** A set-up from a link: [w, b, rate's and threshold's exponents, T, steps gone, zoom]; null if it is none. */
export function readSpot(state) {
  if (!Array.isArray(state) || state.length !== 7 || !state.every(Number.isFinite)) return null;
  const [w, b, rate, most, steps, gone, zoom] = state, within = (v, low, high) => v >= low && v <= high;
  return within(w, -20, 20) && within(b, -20, 20) && within(rate, -3, 0) && within(most, -1, 2) && within(steps, 5, 100) && within(gone, 0, 400) && within(zoom, 0, 2) && [steps, gone, zoom].every(Number.isInteger)
    ? { point: [w, b], rate, most, steps, gone, zoom } : null;
}

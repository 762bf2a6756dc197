// One LSTM cell with its valves in the reader's hand, and a plain recurrent unit beside it: forwards, and their gradients through time.

export const FEWEST = 4, MOST = 16;

/** Memory c(t) = f c(t-1) + i x, output y(t) = o tanh(c), and what the last of them owe to each step while the valves stay as they are. */
export function cell({ x, i, f, o }) {
  const last = x.length - 1, c = [], y = [], byMemory = new Array(last + 1), byInput = new Array(last + 1);
  x.forEach((v, t) => {
    c[t] = f[t] * (t ? c[t - 1] : 0) + i[t] * v;
    y[t] = o[t] * Math.tanh(c[t]);
  });
  const slope = o[last] * (1 - Math.tanh(c[last]) ** 2);
  let factor = 1; // of c(T) in c(t): the product of the reset (forget) valves after t
  for (let t = last; t >= 0; t--) {
    byMemory[t] = factor;
    byInput[t] = slope * factor * i[t];
    factor *= f[t];
  }
  return { c, y, byMemory, byInput };
}
/** A plain recurrent unit, r(t) = tanh(u r(t-1) + x), with the same two gradients. */
export function plainUnit(x, u) {
  const last = x.length - 1, y = [], byMemory = new Array(last + 1), byInput = new Array(last + 1);
  x.forEach((v, t) => { y[t] = Math.tanh((t ? u * y[t - 1] : 0) + v); });
  let factor = 1;
  for (let t = last; t >= 0; t--) {
    byMemory[t] = factor;
    byInput[t] = factor * (1 - y[t] ** 2);
    factor *= u * (1 - y[t] ** 2);
  }
  return { y, byMemory, byInput };
}
/** After how many steps a constant reset valve leaves 1/e, about: 1 / (1 - f). NaN where the valves differ. */
export function timeConstant(f) {
  const [, first] = f;
  return f.slice(1).every((v) => v === first) ? 1 / (1 - first) : NaN;
}

const all = (count, v, at = -1, there = v) => Array.from({ length: count }, (_, k) => (k === at ? there : v));
/** Set-ups by name: valves for `count` steps; `rnn` shows the plain unit too. */
export const SETUPS = {
  "Remember the first bar": (n) => ({ i: all(n, 0, 0, 1), f: all(n, 1), o: all(n, 0, n - 1, 1), rnn: false }),
  "Forget in the middle": (n) => ({ i: all(n, 0.4), f: all(n, 1, n >> 1, 0), o: all(n, 1), rnn: false }),
  "Exponential average": (n) => ({ i: all(n, 0.2), f: all(n, 0.8), o: all(n, 1), rnn: false }),
  "All half open": (n) => ({ i: all(n, 0.5), f: all(n, 0.5), o: all(n, 0.5), rnn: false }),
  "Plain RNN beside it": (n) => ({ i: all(n, 0, 0, 1), f: all(n, 1), o: all(n, 1), rnn: true }),
};

/** A set-up from a link: [[u, rnn, which], x, i, f, o]; null if it is none. */
export function readValves(state) {
  if (!Array.isArray(state) || state.length !== 5 || !state.every((row) => Array.isArray(row) && row.every(Number.isFinite))) return null;
  const [head, x, ...valves] = state, [u, rnn, which] = head, within = (row, low, high) => row.length === x.length && row.every((v) => v >= low && v <= high);
  return head.length === 3 && x.length >= FEWEST && x.length <= MOST && within(x, -1, 1) && valves.every((row) => within(row, 0, 1)) && u >= 0 && u <= 2 && [rnn, which].every((v) => v === 0 || v === 1)
    ? { u, rnn: rnn === 1, which, x, i: valves[0], f: valves[1], o: valves[2] } : null;
}

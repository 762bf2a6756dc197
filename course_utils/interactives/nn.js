// Forward pass of a small Keras network in float64. Pictures are laid out as Keras lays them: row, column, channel.

/** A 16-bit float: 1 bit of sign, 5 of exponent, 10 of fraction. */
export function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
}

/** Little-endian float32 or float16 in base64, as numbers. */
export function decode(text, precision) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0)), view = new DataView(bytes.buffer), width = precision === "float16" ? 2 : 4;
  return Float64Array.from({ length: bytes.length / width }, (_, i) => (width === 2 ? half(view.getUint16(2 * i, true)) : view.getFloat32(4 * i, true)));
}

const ACTIVATE = { linear: (z) => z, relu: (z) => (z > 0 ? z : 0), tanh: Math.tanh, sigmoid: (z) => 1 / (1 + Math.exp(-z)) };
/** What a layer does to each number; only a leaky ReLU has a slope of its own. */
const activationOf = ({ activation, slope }) => (activation === "leaky_relu" ? (z) => (z > 0 ? z : slope * z) : ACTIVATE[activation]);

/** exp(z) over the sum of exp(z); the largest one is taken off first, so that nothing overflows. */
export function softmax(logits) {
  const top = Math.max(...logits), grown = Array.from(logits, (z) => Math.exp(z - top)), sum = grown.reduce((a, b) => a + b, 0);
  return grown.map((v) => v / sum);
}

const COMPUTE = {
  dense({ kernel, bias, units }, { data }) {
    const out = Float64Array.from(bias);
    for (let i = 0; i < data.length; i++) if (data[i]) for (let j = 0; j < units; j++) out[j] += data[i] * kernel[i * units + j];
    return { data: out, shape: [units] };
  },
  conv({ kernel, bias, filters, size: [kh, kw], padding }, { data, shape: [rows, columns, channels] }) {
    const same = padding === "same", up = same ? (kh - 1) >> 1 : 0, left = same ? (kw - 1) >> 1 : 0; // an even kernel reaches further down and right
    const shape = [same ? rows : rows - kh + 1, same ? columns : columns - kw + 1, filters], out = new Float64Array(shape[0] * shape[1] * filters);
    for (let r = 0; r < shape[0]; r++) for (let c = 0; c < shape[1]; c++) {
      const at = (r * shape[1] + c) * filters;
      for (let f = 0; f < filters; f++) out[at + f] = bias[f];
      for (let i = 0; i < kh; i++) for (let j = 0; j < kw; j++) {
        const y = r + i - up, x = c + j - left;
        if (y < 0 || x < 0 || y >= rows || x >= columns) continue;
        for (let k = 0; k < channels; k++) {
          const v = data[(y * columns + x) * channels + k], from = ((i * kw + j) * channels + k) * filters;
          if (v) for (let f = 0; f < filters; f++) out[at + f] += v * kernel[from + f];
        }
      }
    }
    return { data: out, shape };
  },
  pool(_, { data, shape: [rows, columns, channels] }) {
    const shape = [rows >> 1, columns >> 1, channels], out = new Float64Array(shape[0] * shape[1] * channels);
    for (let r = 0; r < shape[0]; r++) for (let c = 0; c < shape[1]; c++) for (let k = 0; k < channels; k++) {
      const v = (i, j) => data[((2 * r + i) * columns + 2 * c + j) * channels + k];
      out[(r * shape[1] + c) * channels + k] = Math.max(v(0, 0), v(0, 1), v(1, 0), v(1, 1));
    }
    return { data: out, shape };
  },
  shape: ({ shape }, { data }) => ({ data, shape }),
  activate: (_, input) => input,
};

/** Unpack what export_keras wrote. */
export function loadNetwork({ input, layers, precision }) {
  const numbers = (text) => (text === undefined ? undefined : decode(text, precision));
  return { input, layers: layers.map((layer) => ({ ...layer, kernel: numbers(layer.kernel), bias: numbers(layer.bias) })) };
}

/** What each layer gives for one input: { type, data, shape }. The last one holds the logits, or what else the network gives. */
export function forwardAll(net, input) {
  let now = { data: Float64Array.from(input), shape: net.input };
  return net.layers.map((layer) => {
    const { data, shape } = COMPUTE[layer.type](layer, now), name = layer.activation ?? "linear";
    now = { type: layer.type, shape, data: name === "linear" ? data : data.map(activationOf(layer)) };
    return now;
  });
}

/** Logits and probabilities for one input. */
export function classify(net, input) {
  const layers = forwardAll(net, input), logits = Array.from(layers.at(-1).data);
  return { layers, logits, chances: softmax(logits) };
}

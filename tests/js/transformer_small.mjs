// A small transformer with weights that the seeded generator draws, as transformer.js holds it.

import { normal, seeded } from "../../course_utils/interactives/seeded.js";

export function small({ norm = "pre", causal = true, activation = "gelu", segments = 0, masked = false, vocabulary = 12, length = 24, width = 8, layers = 2, heads = 2, inner = 12, seed = 5 } = {}) {
  const r = seeded(seed), net = { config: { vocabulary, length, width, layers, heads, inner, segments, norm, causal, activation, epsilon: 1e-6 }, texts: {} };
  const matrix = (name, rows, columns, size = 0.6) => { net[name] = { data: Float32Array.from({ length: rows * columns }, () => size * normal(r)), rows, columns }; };
  const scale = (name) => { matrix(name + ".scale", 1, width, 0.2); net[name + ".scale"].data.forEach((v, k, all) => { all[k] = 1 + v; }); matrix(name + ".shift", 1, width, 0.2); };
  const product = (name, rows, columns) => { matrix(name, rows, columns); matrix(name + ".bias", 1, columns, 0.2); };
  matrix("tokens", vocabulary, width);
  matrix("positions", length, width);
  for (let l = 0; l < layers; l++) {
    product("layer" + l + ".qkv", width, 3 * width); product("layer" + l + ".mixed", width, width); scale("layer" + l + ".attention");
    product("layer" + l + ".inner", width, inner); product("layer" + l + ".outer", inner, width); scale("layer" + l + ".forward");
  }
  if (norm === "post") scale("embedding"); else scale("last");
  if (segments) matrix("segments", segments, width);
  if (masked) { product("masked", width, width); scale("masked"); matrix("decoder.bias", 1, vocabulary); }
  return net;
}

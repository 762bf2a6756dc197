// Colours between two others: what heat maps are painted with.

/** The part q of the way from one colour to another. */
export const mixed = (from, to, q) => from.map((v, i) => Math.round(v + q * (to[i] - v)));
export const css = (colour) => "rgb(" + colour.join() + ")";

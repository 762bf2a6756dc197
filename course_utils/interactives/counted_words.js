// Counts and decimals in a sentence.

export const plural = (count, one) => count + " " + one + (count === 1 ? "" : "s");
/** So many decimals, a real minus sign, and none before a zero. */
export const decimals = (v, digits) => v.toFixed(digits).replace(/^-(0\.?0*)$/, "$1").replace("-", "\u2212");

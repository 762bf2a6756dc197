// The style sheet's colours as numbers.

/** "#0072b2" as red, green and blue. */
export const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

// Reads what packing.py writes: whole numbers in Huffman's code, times a step, out of characters that are safe in a page.

const CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#,%.()*+-;/=:?@^_[]|'~";
const FIXED = 12;

/** Four bytes of five characters. */
export function bytesOf(text) {
  const value = new Uint8Array(128), out = new Uint8Array((text.length / 5) * 4);
  for (let k = 0; k < CHARACTERS.length; k++) value[CHARACTERS.charCodeAt(k)] = k;
  for (let k = 0, at = 0; k < text.length; k += 5, at += 4) {
    let word = 0;
    for (let i = 0; i < 5; i++) word = word * 85 + value[text.charCodeAt(k + i)];
    for (let i = 3; i >= 0; i--) { out[at + i] = word % 256; word = Math.floor(word / 256); }
  }
  return out;
}

/** Arrays as { data, rows, columns } in float32, and texts. */
export function unpack({ arrays, texts, data }) {
  const bytes = bytesOf(data), out = { arrays: {}, texts: {} };
  let at = 0;
  const bit = () => { const b = (bytes[at >> 3] >> (7 - (at & 7))) & 1; at++; return b; };
  /** Codes of one length are whole numbers in a row: a code's length and its place among them say what it means. */
  function reader({ low, lengths }) {
    if (lengths === undefined) return () => { let v = 0; for (let i = 0; i < FIXED; i++) v = 2 * v + bit(); return v - 2 ** (FIXED - 1); };
    const counts = new Int32Array(36), all = [...lengths].map((c) => parseInt(c, 36)), meant = all.map((length, k) => [length, k]).filter(([length]) => length).sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, k]) => k + low);
    for (const length of all) if (length) counts[length]++;
    return () => {
      for (let length = 1, code = 0, first = 0, before = 0; length < 36; length++) {
        code = 2 * code + bit();
        if (code - first < counts[length]) return meant[before + code - first];
        before += counts[length];
        first = 2 * (first + counts[length]);
      }
      throw new Error("not what packing.py writes");
    };
  }
  for (const { name, ...one } of arrays) {
    const read = reader(one), count = one.shape.reduce((a, b) => a * b, 1);
    out.arrays[name] = { data: Float32Array.from({ length: count }, () => read() * one.step), rows: one.shape.length > 1 ? one.shape[0] : 1, columns: one.shape.at(-1) };
  }
  for (const { name, ...one } of texts) {
    const read = reader(one);
    out.texts[name] = new TextDecoder().decode(Uint8Array.from({ length: one.shape[0] }, read));
  }
  return out;
}

// WordPiece as BERT reads: lower case, words and marks apart, then the longest known piece first.

const SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], LONGEST_LETTERS = 100;

export const loadPieces = (pieces) => ({ pieces, places: new Map(pieces.map((piece, k) => [piece, k])) });

const isCjk = (c) => [[0x4e00, 0x9fff], [0x3400, 0x4dbf], [0x20000, 0x2a6df], [0x2a700, 0x2b73f], [0x2b740, 0x2b81f], [0x2b920, 0x2ceaf], [0xf900, 0xfaff], [0x2f800, 0x2fa1f]].some(([low, high]) => c >= low && c <= high);
const MARK = /^(?:[!-\/:-@\[-\x60{-~]|\p{P})$/u;

/** Words and marks of a text, without accents and in lower case; from[i] is where letter i stood in the text. */
export function wordsOf(text) {
  const out = [];
  let open = null, skip = 0, offset = 0;
  const put = (c, at, end) => { if (!open) out.push((open = { text: "", from: [], to: [] })); open.text += c; for (let i = 0; i < c.length; i++) { open.from.push(at); open.to.push(end); } };
  for (const c of text) {
    const at = offset, end = (offset += c.length);
    if (at < skip) continue;
    const special = SPECIAL.find((name) => text.startsWith(name, at));
    if (special) { open = null; out.push({ text: special, special: true, from: [at], to: [at + special.length] }); skip = at + special.length; continue; }
    if (/^\p{C}$/u.test(c) && !/[\t\n\r]/.test(c)) continue;
    if (/^[\p{White_Space}]$/u.test(c)) { open = null; continue; }
    const alone = isCjk(c.codePointAt(0));
    if (alone) open = null;
    for (const part of c.normalize("NFD")) {
      if (/^\p{Mn}$/u.test(part)) continue;
      for (const letter of part.toLowerCase()) {
        if (MARK.test(letter)) { open = null; put(letter, at, end); open = null; } else put(letter, at, end);
      }
    }
    if (alone) open = null;
  }
  return out;
}
/** The pieces of a text: { piece, id, from, to }, with the places in the text that each stands for. */
export function piecesOf({ places }, text) {
  const out = [];
  for (const word of wordsOf(text)) {
    const whole = (piece, id) => ({ piece, id, from: word.from[0], to: word.to.at(-1) });
    if (word.special) { out.push(whole(word.text, places.get(word.text))); continue; }
    const found = [], n = word.text.length;
    for (let at = 0; at < n && [...word.text].length <= LONGEST_LETTERS;) {
      let end = n, piece = "";
      for (; end > at; end--) if (places.has((piece = (at ? "##" : "") + word.text.slice(at, end)))) break;
      if (end === at) { found.length = 0; break; }
      found.push({ piece, id: places.get(piece), from: word.from[at], to: word.to[end - 1] });
      at = end;
    }
    out.push(...(found.length ? found : [whole("[UNK]", places.get("[UNK]"))]));
  }
  return out;
}

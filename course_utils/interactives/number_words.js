// Numbers from 0 to 9999 in English words and in German, and which English word each German piece renders.

const SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(" ");
const TENS = ",,twenty,thirty,forty,fifty,sixty,seventy,eighty,ninety".split(",");
const KLEIN = "null eins zwei drei vier f\u00fcnf sechs sieben acht neun zehn elf zw\u00f6lf dreizehn vierzehn f\u00fcnfzehn sechzehn siebzehn achtzehn neunzehn".split(" ");
const ZEHNER = ",,zwanzig,drei\u00dfig,vierzig,f\u00fcnfzig,sechzig,siebzig,achtzig,neunzig".split(",");

/** 7045 is ["seven", "thousand", "forty", "five"]. */
export function englishOf(n) {
  const words = [], rest = n % 100;
  if (n >= 1000) words.push(SMALL[Math.floor(n / 1000)], "thousand");
  if (n % 1000 >= 100) words.push(SMALL[Math.floor((n % 1000) / 100)], "hundred");
  if (rest >= 20) words.push(TENS[Math.floor(rest / 10)]);
  const unit = rest >= 20 ? rest % 10 : rest;
  if (unit || !n) words.push(SMALL[unit]);
  return words;
}
/** 45 is [["f\u00fcnf", 1], ["und", null], ["vierzig", 0]]: the pieces in German order, each with the place of the English word that it renders. */
export function germanOf(n) {
  const pieces = [], short = (k) => (k === 1 ? "ein" : KLEIN[k]);
  let place = 0, rest = n;
  for (const [power, name] of [[1000, "tausend"], [100, "hundert"]]) {
    const many = Math.floor(rest / power);
    rest %= power;
    if (many) { pieces.push([short(many), place], [name, place + 1]); place += 2; }
  }
  if (!rest && pieces.length) return pieces;
  if (rest < 20) return [...pieces, [KLEIN[rest], place]];
  const ten = ZEHNER[Math.floor(rest / 10)], unit = rest % 10;
  return unit ? [...pieces, [short(unit), place + 1], ["und", null], [ten, place]] : [...pieces, [ten, place]];
}
/** The number that these English words say, as the course writes it; null if they say none. */
export function numberOf(words) {
  let [total, part] = [0, 0];
  for (const word of words) {
    if (word === "thousand" || word === "hundred") { part *= word === "hundred" ? 100 : 1000; total += part; part = 0; }
    else part += Math.max(SMALL.indexOf(word), 10 * TENS.indexOf(word));
  }
  total += part;
  return total <= 9999 && englishOf(total).join() === words.join() ? total : null;
}

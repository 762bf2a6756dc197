// A formula becomes a graph; values go forward through it, adjoints backward. No drawing here.
// A node is { op, args, name?, value?, power? }; args are indices of earlier nodes, the last node is the result.

export const MOST_NODES = 32, MOST_INPUTS = 8, LONGEST = 80;
const logistic = (z) => 1 / (1 + Math.exp(-z));

/** Every operation: its value, its slope in each argument, and both in words (a, b: arguments, v: value). */
export const OPS = {
  add: { sign: "+", value: (a, b) => a + b, slopes: () => [1, 1], rules: ["", ""] },
  sub: { sign: "\u2212", value: (a, b) => a - b, slopes: () => [1, -1], rules: ["", ""] },
  mul: { sign: "\u00b7", value: (a, b) => a * b, slopes: ([a, b]) => [b, a], rules: ["b", "a"] },
  div: { sign: "/", value: (a, b) => a / b, slopes: ([a, b]) => [1 / b, -a / (b * b)], rules: ["1/b", "\u2212a/b\u00b2"] },
  neg: { sign: "\u2212", value: (a) => -a, slopes: () => [-1], rules: [""] },
  pow: { sign: "^", value: (a, n) => a ** n, slopes: ([a], v, n) => [n * a ** (n - 1)], rules: ["n \u00b7 a^m"] },
  sigmoid: { value: logistic, slopes: (_, v) => [v * (1 - v)], rules: ["v \u00b7 (1 \u2212 v)"] },
  tanh: { value: Math.tanh, slopes: (_, v) => [1 - v * v], rules: ["1 \u2212 v\u00b2"] },
  relu: { value: (a) => Math.max(a, 0), slopes: ([a]) => [a > 0 ? 1 : 0], rules: ["1 above 0, else 0"] },
  exp: { value: Math.exp, slopes: (_, v) => [v], rules: ["v"] },
  log: { value: Math.log, slopes: ([a]) => [1 / a], rules: ["1/a"] },
  sin: { value: Math.sin, slopes: ([a]) => [Math.cos(a)], rules: ["cos a"] },
  cos: { value: Math.cos, slopes: ([a]) => [-Math.sin(a)], rules: ["\u2212sin a"] },
  sqrt: { value: Math.sqrt, slopes: (_, v) => [0.5 / v], rules: ["1/(2v)"] },
};
const FUNCTIONS = ["sigmoid", "tanh", "relu", "exp", "log", "sin", "cos", "sqrt"];

/** Read a formula. Equal parts become one node, so that what is used twice is shared; parts without an input are
    worked out at once. Throws an Error that says in words what is wrong. */
export function parse(text) {
  if (text.length > LONGEST) throw new Error("The formula may have " + LONGEST + " signs, this one has " + text.length + ".");
  const tokens = text.match(/\*\*|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+|[A-Za-z]\w*|\S/g) ?? [], nodes = [], known = new Map();
  let at = 0;
  const fail = (wanted) => { throw new Error("Expected " + wanted + (at < tokens.length ? " before \u201c" + tokens.slice(at).join(" ").slice(0, 12) + "\u201d." : " at the end.")); };
  const take = (...signs) => (signs.includes(tokens[at]) ? tokens[at++] : null);
  function node(op, args, extra = {}) {
    const values = args.map((i) => nodes[i].value);
    if (op !== "input" && op !== "const" && nodes.length && values.every((v) => v !== undefined)) {
      return node("const", [], { value: OPS[op].value(...values, ...(op === "pow" ? [extra.power] : [])) });
    }
    const key = [op, args, extra.name ?? "", extra.value ?? "", extra.power ?? ""].join("|");
    if (!known.has(key)) known.set(key, nodes.push({ op, args, ...extra }) - 1);
    return known.get(key);
  }
  function sum() {
    let left = product();
    for (let sign; (sign = take("+", "-"));) left = node(sign === "+" ? "add" : "sub", [left, product()]);
    return left;
  }
  function product() {
    let left = factor();
    for (let sign; (sign = take("*", "/"));) left = node(sign === "*" ? "mul" : "div", [left, factor()]);
    return left;
  }
  function factor() {
    if (take("-")) return node("neg", [factor()]);
    if (take("+")) return factor();
    const base = atom();
    if (!take("**", "^")) return base;
    const power = nodes[factor()].value;
    if (power === undefined) throw new Error("An exponent must be a number.");
    return node("pow", [base], { power });
  }
  function atom() {
    const token = tokens[at];
    if (take("(")) { const inner = sum(); return take(")") ? inner : fail("a closing bracket"); }
    if (/^[\d.]/.test(token ?? "") && token !== ".") { at++; return node("const", [], { value: Number(token) }); }
    if (!/^[A-Za-z]/.test(token ?? "")) fail("a name, a number or a bracket");
    at++;
    if (tokens[at] !== "(") {
      if (FUNCTIONS.includes(token)) fail("a bracket after " + token);
      if (token.length > 6) throw new Error("Names may have 6 letters, \u201c" + token + "\u201d has more.");
      return node("input", [], { name: token });
    }
    if (!FUNCTIONS.includes(token)) throw new Error("\u201c" + token + "\u201d is no function here; there are " + FUNCTIONS.join(", ") + ".");
    at++;
    const inner = sum();
    return take(")") ? node(token, [inner]) : fail("a closing bracket");
  }
  const top = sum();
  if (at < tokens.length) fail("an operation");
  return makeGraph(nodes, top);
}

/** Keep what the result needs, in an order where arguments come first. */
export function makeGraph(nodes, top = nodes.length - 1) {
  const needed = new Set([top]);
  for (let i = top; i >= 0; i--) if (needed.has(i)) nodes[i].args.forEach((a) => needed.add(a));
  const order = [...needed].sort((a, b) => a - b), index = new Map(order.map((old, i) => [old, i]));
  const kept = order.map((old) => ({ ...nodes[old], args: nodes[old].args.map((a) => index.get(a)) }));
  const inputs = kept.flatMap((n, i) => (n.op === "input" ? [i] : []));
  if (!inputs.length) throw new Error("The formula needs an input, like x.");
  if (inputs.length > MOST_INPUTS) throw new Error("There may be " + MOST_INPUTS + " inputs, here are " + inputs.length + ".");
  if (kept.length > MOST_NODES) throw new Error("There may be " + MOST_NODES + " nodes, here are " + kept.length + ".");
  return { nodes: kept, inputs, names: inputs.map((i) => kept[i].name), steps: kept.flatMap((n, i) => (n.args.length ? [i] : [])), edges: backwardEdges(kept) };
}

/** Edges in the order of the backward pass: a node's own edges come after all that lead into it from the result. */
function backwardEdges(nodes) {
  const edges = [];
  for (let i = nodes.length - 1; i >= 0; i--) nodes[i].args.forEach((to, k) => { if (nodes[to].op !== "const") edges.push({ from: i, to, k }); });
  return edges;
}

/** Values of all nodes; `inputs` are the numbers for graph.names, in that order. */
export function evaluate(graph, inputs) {
  const values = new Float64Array(graph.nodes.length);
  graph.inputs.forEach((i, k) => { values[i] = inputs[k]; });
  graph.nodes.forEach(({ op, args, value, power }, i) => {
    if (op === "const") values[i] = value;
    else if (op !== "input") values[i] = OPS[op].value(...args.map((a) => values[a]), ...(op === "pow" ? [power] : []));
  });
  return values;
}

/** Slope of node i in each of its arguments, at these values. */
export function localSlopes(graph, values, i) {
  const { op, args, power } = graph.nodes[i];
  return args.length ? OPS[op].slopes(args.map((a) => values[a]), values[i], power) : [];
}

/** Adjoints after the first `count` edges of the backward pass: slope of the result in each node, as far as it is known. */
export function adjoints(graph, values, count = graph.edges.length) {
  const sums = new Float64Array(graph.nodes.length), arrived = new Int32Array(graph.nodes.length);
  sums[sums.length - 1] = 1;
  for (const { from, to, k } of graph.edges.slice(0, count)) {
    sums[to] += sums[from] * localSlopes(graph, values, from)[k];
    arrived[to] += 1;
  }
  return { sums, arrived };
}

/** How many edges lead toward the result from each node. */
export function expected(graph) {
  const counts = new Int32Array(graph.nodes.length);
  for (const { to } of graph.edges) counts[to] += 1;
  return counts;
}

/** Number of ways from the inputs to the result: what the chain rule, written out, sums over. */
export function countPaths(graph) {
  const paths = new Float64Array(graph.nodes.length);
  paths[paths.length - 1] = 1;
  for (const { from, to } of graph.edges) paths[to] += paths[from];
  return graph.inputs.reduce((sum, i) => sum + paths[i], 0);
}

/** Slopes of the result in the inputs from two values each, 2h apart. */
export function centralDifferences(graph, inputs) {
  return inputs.map((x, k) => {
    const h = 6e-6 * Math.max(1, Math.abs(x)), at = (v) => evaluate(graph, inputs.map((u, i) => (i === k ? v : u))).at(-1);
    return (at(x + h) - at(x - h)) / (x + h - (x - h));
  });
}

/** Places for the nodes: layer by layer from the inputs to the result, and across the layers so that edges run straight.
    Returns { layers, width, at: [[layer, across]], routes: a list of such places for each edge and constant }. */
export function arrange(graph) {
  const { nodes } = graph, top = nodes.length - 1, layer = new Array(nodes.length).fill(0);
  nodes.forEach((n, i) => { if (n.args.length) layer[i] = 1 + Math.max(...n.args.map((a) => layer[a])); });
  nodes.forEach((n, i) => {
    if (!n.args.length) layer[i] = Math.min(...nodes.flatMap((m, k) => (m.args.includes(i) ? [layer[k] - 1] : [])), layer[top]);
  });
  const rows = Array.from({ length: layer[top] + 1 }, () => []), spots = [], links = [], spotOf = [];
  const spot = (l, thin) => { const s = { l, thin, near: [], u: rows[l].length }; rows[l].push(s); spots.push(s); return s; };
  const joined = (s, t) => { s.near.push(t); t.near.push(s); };
  (function visit(i) {
    spotOf[i] = spot(layer[i], false);
    nodes[i].args.forEach((a, k) => {
      const route = [];
      for (let l = layer[i] - 1; l > layer[a]; l--) route.push(spot(l, true));
      if (!spotOf[a]) visit(a);
      const all = [spotOf[i], ...route, spotOf[a]];
      for (let q = 1; q < all.length; q++) joined(all[q - 1], all[q]);
      links.push({ from: i, to: a, k, all });
    });
  })(top);
  const apart = (s, t) => (s.thin && t.thin ? 0.4 : s.thin || t.thin ? 0.7 : 1);
  for (let round = 0; round < 60; round++) {
    for (const row of round % 2 ? rows : [...rows].reverse()) {
      const wish = row.map((s) => s.near.reduce((sum, t) => sum + t.u, 0) / (s.near.length || 1)), low = [], high = [];
      row.forEach((s, i) => { low[i] = i ? Math.max(wish[i], low[i - 1] + apart(row[i - 1], s)) : wish[i]; });
      for (let i = row.length - 1; i >= 0; i--) high[i] = i + 1 < row.length ? Math.min(wish[i], high[i + 1] - apart(row[i], row[i + 1])) : wish[i];
      row.forEach((s, i) => { s.u = (low[i] + high[i]) / 2; });
    }
  }
  const least = Math.min(...spots.map((s) => s.u)), most = Math.max(...spots.map((s) => s.u));
  const where = (s) => [s.l, s.u - least];
  return { layers: rows.length, width: most - least, at: spotOf.map(where), routes: links.map(({ from, to, k, all }) => ({ from, to, k, way: all.map(where) })) };
}

/** A set-up from a link, or null: [letters of the formula as numbers, values, [steps made]]. */
export function readFormula(state) {
  if (!Array.isArray(state) || state.length !== 3 || !state.every((row) => Array.isArray(row) && row.every(Number.isFinite))) return null;
  const [letters, values, [step]] = state;
  if (letters.length > LONGEST || !letters.every((c) => Number.isInteger(c) && c >= 32 && c < 127) || !Number.isInteger(step) || step < 0) return null;
  const expression = String.fromCharCode(...letters);
  try {
    return parse(expression).names.length === values.length && values.every((v) => Math.abs(v) <= 10) ? { expression, values, step } : null;
  } catch { return null; }
}

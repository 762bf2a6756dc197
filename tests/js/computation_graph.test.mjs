import assert from "node:assert/strict";
import { test } from "node:test";
import {
  adjoints, arrange, centralDifferences, countPaths, evaluate, expected, localSlopes, makeGraph, OPS, parse, readFormula,
} from "../../course_utils/interactives/computation_graph_engine.js";
import { packState, unpackState } from "../../course_utils/interactives/runtime.js";

const close = (a, b, tolerance, what = "") => assert.ok(Math.abs(a - b) <= tolerance, `${what} ${a} is not within ${tolerance} of ${b}`);
const random = (seed) => () => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed / 2147483648; };
const valueOf = (text, ...inputs) => evaluate(parse(text), inputs).at(-1);
const slopes = (graph, inputs) => { const { sums } = adjoints(graph, evaluate(graph, inputs)); return graph.inputs.map((i) => sums[i]); };
const fault = (text) => { try { parse(text); return ""; } catch (error) { return error.message; } };
const sigmoid = (z) => 1 / (1 + Math.exp(-z));
const FORMULAS = ["sigmoid(w*x + b)", "(a*b + c)**2", "(sigmoid(w0*x0 + w1*x1 + b) - y)**2", "x*x + x", "tanh(w*x)*v + tanh(w*x)", "((x*x)*(x*x))*((x*x)*(x*x))", "exp(-a**2)/(1 + b**2) - sin(a*b)*cos(c) + sqrt(2 + c)*log(3 + a)"];

test("formulas are read with the usual precedence", () => {
  const x = 1.7, y = -0.6;
  for (const [text, value] of [
    ["x + y*x - 2", x + y * x - 2], ["-x**2", -(x * x)], ["(-x)**2", x * x], ["x**3**2/1000", x ** 9 / 1000], ["x**-1", 1 / x], ["x^2", x * x],
    ["2*x/4/x", 0.5], ["x - y*0 - 1 - 1", x - 2], ["-(-x)", x], ["+x", x], ["2e-1*x", 0.2 * x], [".5*x + 1.", 0.5 * x + 1], ["x*-2", -2 * x],
    ["sigmoid(x)", sigmoid(x)], ["tanh(x*2)", Math.tanh(2 * x)], ["relu(-x)", 0], ["sqrt(exp(log(x)))", Math.sqrt(x)], ["sin(x)**2 + cos(x)**2", 1], ["x*(2 + 3)*2**2", 20 * x],
  ]) close(valueOf(text, ...(parse(text).names.length === 2 ? [x, y] : [x])), value, 1e-12, text);
  assert.deepEqual(parse("b*a + c2").names, ["b", "a", "c2"]);
});

test("equal parts become one node, and parts without an input are worked out at once", () => {
  assert.equal(parse("x*x + x").nodes.length, 3);
  assert.equal(parse("tanh(w*x)*v + tanh(w*x)").nodes.length, 7);
  assert.equal(parse("((x*x)*(x*x))*((x*x)*(x*x))").edges.length, 6);
  assert.equal(parse("x + 2*3 - 4/2").nodes.length, 5); // x, 6, +, 2, -
  assert.equal(parse("x*sqrt(4)").nodes.filter((n) => n.op === "const")[0].value, 2);
});

test("what cannot be read is refused in words", () => {
  for (const [text, word] of [
    ["", "at the end"], ["x +", "at the end"], ["(x", "closing bracket"], ["x)", "an operation"], ["x y", "an operation"], ["foo(x)", "no function"], ["sin x", "bracket after sin"],
    ["2 + 3", "needs an input"], ["x**y", "exponent"], ["x + $", "name, a number"], ["weights1*x", "6 letters"], ["a+b+c+d+f+g+h+i+j", "8 inputs"], ["x" + "+x".repeat(50), "80 signs"],
    ["x*x*x*x*x*x*x*x*x*x*x*x*x*x*x*x*x*x*x*x*x*x*x*x*x*x*x*x*x*x*x*x*x*x*x", "32 nodes"],
  ]) assert.ok(fault(text).includes(word), `${text}: ${fault(text)}`);
});

test("by hand: the sigmoid neuron, a square, and a shared input", () => {
  const s = sigmoid(1), d = s * (1 - s);
  slopes(parse("sigmoid(w*x + b)"), [2, 1, -1]).forEach((v, i) => close(v, [d, 2 * d, d][i], 1e-15));
  assert.deepEqual(slopes(parse("(a*b + c)**2"), [2, -1, 3]), [-2, 4, 2]);
  assert.deepEqual(slopes(parse("x*x + x"), [3]), [7]);
  close(slopes(parse("((x*x)*(x*x))*((x*x)*(x*x))"), [1.1])[0], 8 * 1.1 ** 7, 1e-12);
});

test("the slopes of every operation agree with central differences to 1e-7", () => {
  const r = random(3);
  for (const [op, { value, slopes: rule }] of Object.entries(OPS)) for (let round = 0; round < 20; round++) {
    const two = value.length === 2 && op !== "pow", power = [2, 3, -1, 0.5][round % 4], args = [0.3 + 2 * r(), ...(two ? [0.3 + 2 * r()] : [])];
    const f = (...a) => value(...a, ...(op === "pow" ? [power] : [])), h = 1e-5;
    rule(args, f(...args), power).forEach((slope, k) => {
      const at = (v) => f(...args.map((a, i) => (i === k ? a + v : a)));
      close(slope, (at(h) - at(-h)) / (2 * h), 1e-7 * Math.max(1, Math.abs(slope)), op);
    });
  }
});

test("the reverse pass agrees with central differences to 1e-7 on formulas and many values", () => {
  const r = random(5);
  for (const text of FORMULAS) for (let round = 0; round < 30; round++) {
    const graph = parse(text), inputs = graph.names.map(() => 3 * r() - 1.5), numeric = centralDifferences(graph, inputs);
    slopes(graph, inputs).forEach((v, k) => close(v, numeric[k], 1e-7 * Math.max(1, Math.abs(v)), text));
  }
});

/** A graph grown at random; nodes may feed many others, and one node twice. */
function grown(seed) {
  const r = random(seed), pick = (list) => list[Math.floor(r() * list.length)], nodes = [{ op: "input", args: [], name: "a" }, { op: "input", args: [], name: "b" }, { op: "const", args: [], value: 0.7 }];
  for (let i = 0; i < 11; i++) {
    const op = pick(["add", "sub", "mul", "tanh", "sigmoid", "sin", "neg"]), recent = () => Math.max(0, nodes.length - 1 - Math.floor(r() * 4));
    nodes.push({ op, args: ["add", "sub", "mul"].includes(op) ? [recent(), recent()] : [recent()] });
  }
  try { return makeGraph(nodes); } catch { return null; }
}

test("on random graphs adjoints are the sums over all paths, and central differences agree", () => {
  let compared = 0, shared = 0, mostPaths = 0;
  for (let seed = 1; seed <= 150; seed++) {
    const graph = grown(seed);
    if (!graph) continue;
    const inputs = graph.names.map((_, k) => 0.4 + 0.3 * k), values = evaluate(graph, inputs), last = graph.nodes.length - 1;
    if (!values.every((v) => Math.abs(v) < 50)) continue;
    let paths = 0;
    /** Every path from the result down to node `goal`, one by one: the product of its slopes. */
    const walk = (i, goal, product) => {
      if (i === goal) { paths += 1; return product; }
      return graph.nodes[i].args.reduce((sum, a, k) => sum + (graph.nodes[a].op === "const" ? 0 : walk(a, goal, product * localSlopes(graph, values, i)[k])), 0);
    };
    const { sums, arrived } = adjoints(graph, values), numeric = centralDifferences(graph, inputs);
    graph.inputs.forEach((goal, k) => {
      const brute = walk(last, goal, 1);
      close(sums[goal], brute, 1e-12 * Math.max(1, Math.abs(brute)), "paths");
      close(sums[goal], numeric[k], 1e-7 * Math.max(1, Math.abs(brute)), "differences");
    });
    assert.equal(countPaths(graph), paths);
    assert.deepEqual(Array.from(arrived), Array.from(expected(graph)));
    compared += 1; mostPaths = Math.max(mostPaths, paths); shared += arrived.some((n) => n > 1) ? 1 : 0;
  }
  assert.ok(compared > 80 && shared > 40 && mostPaths > 12, `${compared} graphs, ${shared} with shared nodes, ${mostPaths} paths`);
});

test("a node hands its adjoint on only when all of it has arrived", () => {
  for (const graph of [...FORMULAS.map(parse), ...Array.from({ length: 60 }, (_, i) => grown(i + 1)).filter(Boolean)]) {
    const full = expected(graph), came = new Array(graph.nodes.length).fill(0);
    for (const { from, to } of graph.edges) { assert.equal(came[from], full[from]); came[to] += 1; }
  }
});

test("doubling: paths grow as powers of two, edges only by two", () => {
  const nodes = [{ op: "input", args: [], name: "x" }];
  for (let k = 1; k <= 12; k++) {
    nodes.push({ op: "add", args: [k - 1, k - 1] });
    const graph = makeGraph(nodes.map((n) => ({ ...n })));
    assert.equal(graph.edges.length, 2 * k);
    assert.equal(countPaths(graph), 2 ** k);
    assert.deepEqual(slopes(graph, [0.5]), [2 ** k]);
  }
});

test("part of the backward pass: sums grow edge by edge", () => {
  const graph = parse("x*x + x"), values = evaluate(graph, [3]), x = graph.inputs[0];
  assert.deepEqual([0, 1, 2, 3, 4].map((count) => adjoints(graph, values, count).sums[x]), [0, 0, 1, 4, 7]);
});

test("boxes never touch, edges run from layer to layer, inputs stand next to their use", () => {
  for (const graph of [...FORMULAS.map(parse), ...Array.from({ length: 60 }, (_, i) => grown(i + 1)).filter(Boolean)]) {
    const { at, routes, layers, width } = arrange(graph);
    at.forEach(([l, u], i) => {
      assert.ok(l >= 0 && l < layers && u >= -1e-9 && u <= width + 1e-9);
      at.forEach(([m, v], k) => assert.ok(k <= i || l !== m || Math.abs(u - v) >= 1 - 1e-6, "two boxes touch"));
    });
    assert.equal(routes.length, graph.nodes.reduce((sum, n) => sum + n.args.length, 0));
    for (const { from, to, way } of routes) {
      assert.deepEqual([way[0], way.at(-1)], [at[from], at[to]]);
      way.slice(1).forEach(([l], q) => assert.equal(way[q][0] - l, 1));
      way.slice(1, -1).forEach(([l, u]) => at.forEach(([m, v]) => assert.ok(l !== m || Math.abs(u - v) > 0.6, "an edge runs through a box")));
    }
  }
});

test("a set-up survives the way through a link, and junk does not", () => {
  const letters = (text) => [...text].map((c) => c.charCodeAt(0)), state = [letters("x*x + x"), [-2.55], [3]];
  assert.deepEqual(readFormula(unpackState(packState(state))), { expression: "x*x + x", values: [-2.55], step: 3 });
  for (const junk of [null, [], [letters("x"), [1]], [letters("x +"), [1], [0]], [letters("x"), [1, 2], [0]], [letters("x"), [99], [0]], [letters("x"), [1], [-1]], [letters("x"), [1], []], [[7], [1], [0]], [letters("x+" + "x".repeat(100)), [1], [0]]]) {
    assert.equal(readFormula(junk), null);
  }
});

// A formula as a graph: step forward node by node, then backward edge by edge, and change its inputs on the way.

import { adopt, button, facts, h, linkButton, reducedMotion, slider, words } from "./runtime.js";
import { adjoints, arrange, centralDifferences, countPaths, evaluate, expected, LONGEST, localSlopes, OPS, parse, readFormula } from "./computation_graph_engine.js";

const FORMULAS = [
  ["sigmoid(w*x + b)", { w: 2, x: 1, b: -1 }, "If w grows by 0.1, how much does the result grow? Guess, then step to the end."],
  ["(a*b + c)**2", { a: 2, b: -1, c: 3 }, "Which input moves the result most: a, b or c? Guess, then step to the end."],
  ["(sigmoid(w0*x0 + w1*x1 + b) - y)**2", { w0: 1, x0: 0.5, w1: -1, x1: 2, b: 0.5, y: 1 }, "A neuron\u2019s squared error. Which weight should change more, and which way? Guess first."],
  ["x*x + x", { x: 3 }, "How many contributions will arrive in x? Guess, then step to the end."],
  ["tanh(w*x)*v + tanh(w*x)", { w: 0.5, x: 1, v: -2 }, "Why must the way back wait at tanh? Guess, then step to see what is missing."],
  ["((x*x)*(x*x))*((x*x)*(x*x))", { x: 1.1 }, "Three products, six edges. Over how many paths does x reach the result?"],
  ["relu(w*x + b)", { w: 1, x: -1.5, b: 0.5 }, "This unit is off. Which input would a small step of training change?"],
];
const TRIES = { "One input, three edges": [3], "Six edges, eight paths": [5], "A saturated neuron": [0, { w: 4, x: 2, b: 1 }, "The neuron is sure: its value is next to 1. How much of the adjoint gets through it?"] };
const USUAL = [2, -1, 0.5, 1.5, -2, 1, -0.5, 3];
const BOX = [60, 62], GAP = 34;

const STYLE = [
  ".dlm-graph { overflow-x: auto; background: var(--plane); border: 1px solid var(--grid); border-radius: 6px; }",
  ".dlm-graph svg { display: block; margin: 0 auto; font: 12.5px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; font-variant-numeric: tabular-nums; -webkit-user-select: none; user-select: none; }",
  ".dlm-graph path { fill: none; stroke: var(--muted); stroke-width: 1.4; }",
  ".dlm-graph .dlm-used { stroke: var(--fg); stroke-width: 3; }",
  ".dlm-graph .dlm-back { stroke: var(--accent); stroke-width: 1.8; }",
  ".dlm-graph path.dlm-hot { stroke: var(--accent); stroke-width: 4.5; }",
  ".dlm-graph rect { fill: var(--card); stroke: var(--muted); stroke-width: 1.2; }",
  ".dlm-graph .dlm-leaf rect { fill: var(--soft); }",
  ".dlm-graph .dlm-leaf { cursor: ns-resize; }",
  ".dlm-graph .dlm-at rect { stroke: var(--accent); stroke-width: 3; }",
  ".dlm-graph .dlm-open rect { stroke-dasharray: 5 3; }",
  ".dlm-graph text { fill: var(--fg); text-anchor: middle; }",
  ".dlm-graph .dlm-name { font-weight: 700; }",
  ".dlm-graph .dlm-small { fill: var(--muted); font-size: 11px; }",
  ".dlm-graph .dlm-adjoint { fill: var(--accent); font-weight: 700; }",
  ".dlm-graph .dlm-slope rect { fill: var(--plane); stroke: none; }",
  ".dlm-graph .dlm-slope text { fill: var(--accent); font-size: 12px; }",
  ".dlm-graph .dlm-slope.dlm-hot rect { fill: var(--accent); }",
  ".dlm-graph .dlm-slope.dlm-hot text { fill: var(--ink); font-weight: 700; }",
  ".dlm-formula { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; }",
  ".dlm-formula > * { flex: 1 1 12em; min-width: 0; }",
  ".dlm-formula > span { flex: none; color: var(--muted); }",
  ".dlm :is(select, .dlm-formula input) { font: inherit; color: var(--fg); background: var(--plane); border: 1px solid var(--edge); border-radius: 6px; padding: 3px 8px; margin: 0; min-height: 32px; }",
  ".dlm :is(select, .dlm-formula input):focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }",
  ".dlm .dlm-formula input[aria-invalid=true] { border-color: var(--minus); }",
  ".dlm-run .dlm-slider { flex: 1 1 12em; }",
  "@media (pointer: coarse) { .dlm :is(select, .dlm-formula input) { min-height: 40px; } }",
].join("\n");

const lowered = (digits) => String(digits).replace(/\d/g, (d) => String.fromCharCode(0x2080 + +d));
const pretty = (name) => name.replace(/_?(\d+)$/, (_, digits) => lowered(digits));
const raised = (n) => (Number.isInteger(n) && n >= 0 && n < 10 ? "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[n] : "^" + words(n));
const number = (v, digits = 3) => (Number.isFinite(v) ? words(Math.abs(v) < 1e-300 ? 0 : v, digits) : "undefined");
const bracket = (text) => (text.startsWith("\u2212") ? "(" + text + ")" : text);

function render({ model, el }) {
  let text, graph, plan, inputs, values, step = 0, note = "", question = "", running = 0, knobs = [], begun = {};
  const holder = h("div", { class: "dlm-graph" });
  holder.innerHTML = "<svg></svg>";
  const svg = holder.firstChild;
  svg.setAttribute("role", "img");
  const s = (tag, attributes, ...children) => {
    const e = document.createElementNS(svg.namespaceURI, tag);
    for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
    e.append(...children);
    return e;
  };
  const status = h("div", { class: "dlm-status", role: "status", "aria-live": "polite" });
  const asked = h("div", { class: "dlm-question" });
  const inWords = h("div"), sliders = h("div");
  const table = facts({ result: "Result", edges: "Edges walked back", paths: "Paths to the result" });

  // ---- what a step does
  const total = () => graph.steps.length + 1 + graph.edges.length;
  const forwardDone = () => step >= graph.steps.length;
  const edgesDone = () => Math.max(0, step - graph.steps.length - 1);
  const known = (i) => !graph.nodes[i].args.length || graph.steps.indexOf(i) < step;
  const nameOf = (i) => { const n = graph.nodes[i]; return n.op === "input" ? pretty(n.name) : n.op === "const" ? number(n.value) : "v" + lowered(graph.steps.indexOf(i) + 1); };
  function formula(i, say) {
    const { op, args, power } = graph.nodes[i], parts = args.map(say);
    if (op === "neg") return "\u2212" + bracket(parts[0]);
    if (op === "pow") return bracket(parts[0]) + raised(power);
    return args.length === 2 ? parts[0] + " " + OPS[op].sign + " " + bracket(parts[1]) : op + "(" + parts[0] + ")";
  }
  function ruleOf({ from, k }) {
    const { op, args, power } = graph.nodes[from], names = { a: nameOf(args[0]), b: args.length > 1 ? nameOf(args[1]) : "", v: nameOf(from), n: number(power ?? 0) };
    if (op === "pow") return power === 2 ? "2 \u00b7 " + names.a : names.n + " \u00b7 " + names.a + raised(power - 1);
    return OPS[op].rules[k].replace(/\b[abv]\b|(?<=\u00b2|2)v/g, (letter) => names[letter]);
  }
  function sentence() {
    const count = "Step " + step + " of " + total() + ", ";
    if (!step) return "Nothing is computed yet. " + graph.steps.length + " steps forward, then " + graph.edges.length + " edges back.";
    if (step <= graph.steps.length) {
      const i = graph.steps[step - 1];
      return count + "forward: " + nameOf(i) + " = " + formula(i, nameOf) + " = " + formula(i, (a) => number(values[a])) + " = " + number(values[i]) + ".";
    }
    if (step === graph.steps.length + 1) return count + "turn round: the result " + nameOf(graph.nodes.length - 1) + " changes one for one with itself, so its adjoint is 1.";
    const edge = graph.edges[edgesDone() - 1], { from, to, k } = edge, { sums, arrived } = adjoints(graph, values, edgesDone()), before = adjoints(graph, values, edgesDone() - 1).sums[to];
    const local = localSlopes(graph, values, from)[k], rule = ruleOf(edge), gain = sums[from] * local;
    return count + "backward: \u2202" + nameOf(from) + "/\u2202" + nameOf(to) + " = " + (rule ? rule + " = " : "") + number(local) + ". Adjoint of " + nameOf(from) + " times slope: "
      + number(sums[from]) + " \u00b7 " + bracket(number(local)) + " = " + number(gain) + " arrives in " + nameOf(to)
      + (arrived[to] > 1 ? ", which held " + number(before) + ": " + number(before) + " + " + bracket(number(gain)) + " = " + number(sums[to]) + "." : ".");
  }
  function verdict() {
    const { sums } = adjoints(graph, values), numeric = centralDifferences(graph, inputs);
    const far = Math.max(...numeric.map((d, k) => Math.abs(d - sums[graph.inputs[k]]) / Math.max(1, Math.abs(d))));
    return { far, sums };
  }
  function ending() {
    const { far, sums } = verdict();
    const slopes = graph.inputs.map((i) => pretty(graph.nodes[i].name) + ": " + number(sums[i])).join(", ");
    if (!Number.isFinite(far)) return " Done, but some value is undefined here.";
    return " Done. Slopes of the result: " + slopes + ". Central differences " + (far < 1e-6 ? "agree" : "differ: there is a kink or a very steep place here") + " (largest relative difference " + number(far, 1) + ").";
  }

  // ---- drawing
  function draw() {
    if (!graph) return;
    const room = holder.clientWidth - 2 || 600, [bw, bh] = BOX, wide = Math.max(bw + GAP, Math.min(bw + 70, (room - bw - 16) / Math.max(1, plan.layers - 1)));
    const across = bh + 22, along = (plan.layers - 1) * wide + bw + 16, tall = plan.layers > 1 && along > room + 1 && plan.width * (bw + 12) + bw + 16 <= room;
    const [stepX, stepY] = tall ? [bw + 12, bh + 40] : [wide, across];
    const size = tall ? [plan.width * stepX + bw + 16, (plan.layers - 1) * stepY + bh + 32] : [along, plan.width * stepY + bh + 32];
    const point = ([l, u]) => (tall ? [8 + bw / 2 + u * stepX, 8 + bh / 2 + l * stepY] : [8 + bw / 2 + l * stepX, 8 + bh / 2 + u * stepY]);
    for (const [name, value] of [["width", size[0]], ["height", size[1]], ["viewBox", "0 0 " + size.join(" ")]]) svg.setAttribute(name, value);
    const { sums, arrived } = adjoints(graph, values, edgesDone()), full = expected(graph), hot = step > graph.steps.length + 1 ? edgesDone() - 1 : -1;
    const active = step && step <= graph.steps.length ? graph.steps[step - 1] : step === graph.steps.length + 1 ? graph.nodes.length - 1 : hot >= 0 ? graph.edges[hot].to : -1;
    const lines = [], labels = [];
    for (const { from, to, k, way } of plan.routes) {
      const order = graph.edges.findIndex((e) => e.from === from && e.to === to && e.k === k), done = order >= 0 && order < edgesDone();
      const twin = graph.nodes[from].args.filter((a) => a === to).length > 1 ? (k ? 1 : -1) : 0;
      const spots = way.map(point).reverse(), last = spots.length - 1;
      if (tall) { spots[0][1] += graph.nodes[to].op === "const" ? 13 : bh / 2; spots[last][1] -= bh / 2; } else { spots[0][0] += bw / 2; spots[last][0] -= bw / 2; }
      if (graph.nodes[from].args.length > 1) spots[last][tall ? 0 : 1] += (k ? 1 : -1) * 11;
      if (twin) spots[0][tall ? 0 : 1] += twin * 11;
      let d = "M" + spots[0], middle = null;
      for (let q = 1; q <= last; q++) {
        const [x0, y0] = spots[q - 1], [x1, y1] = spots[q], half = tall ? [0, (y1 - y0) / 2] : [(x1 - x0) / 2, 0], bow = twin * 9;
        const [c, e] = [[x0 + half[0] + (tall ? bow : 0), y0 + half[1] + (tall ? 0 : bow)], [x1 - half[0] + (tall ? bow : 0), y1 - half[1] + (tall ? 0 : bow)]];
        d += "C" + c + " " + e + " " + [x1, y1];
        if (q === Math.ceil(last / 2)) middle = [0, 1].map((i) => (spots[q - 1][i] + 3 * c[i] + 3 * e[i] + spots[q][i]) / 8);
      }
      lines.push(s("path", { d, class: order >= 0 && order === hot ? "dlm-hot" : done ? "dlm-back" : from === active && step <= graph.steps.length ? "dlm-used" : "" }));
      if (!done) continue;
      const slope = number(localSlopes(graph, values, from)[k], 2), half = 3.6 * slope.length + 3;
      labels.push(s("g", { class: order === hot ? "dlm-slope dlm-hot" : "dlm-slope" },
        s("rect", { x: middle[0] - half, y: middle[1] - 8, width: 2 * half, height: 16, rx: 5 }), s("text", { x: middle[0], y: middle[1] + 4 }, slope)));
    }
    const boxes = graph.nodes.map((n, i) => {
      const [x, y] = point(plan.at[i]), leaf = n.op === "input", constant = n.op === "const", lit = !constant && step > graph.steps.length && (arrived[i] || i === graph.nodes.length - 1);
      const sign = leaf ? pretty(n.name) : n.op === "pow" ? "( )" + raised(n.power) : n.op === "mul" ? "\u00d7" : OPS[n.op]?.sign ?? (n.op === "sigmoid" ? "\u03c3" : n.op);
      const box = s("g", { class: [leaf ? "dlm-leaf" : "", i === active ? "dlm-at" : "", lit && arrived[i] < full[i] ? "dlm-open" : ""].join(" "), ...(leaf ? { "data-leaf": graph.inputs.indexOf(i) } : {}) },
        s("rect", constant ? { x: x - bw / 2, y: y - 13, width: bw, height: 26, rx: 13 } : { x: x - bw / 2, y: y - bh / 2, width: bw, height: bh, rx: leaf ? 16 : 6 }));
      if (constant) { box.append(s("text", { x, y: y + 4 }, number(n.value))); return box; }
      box.append(s("text", { x: sign.length > 2 ? x + 8 : x, y: y - 15, class: "dlm-name" }, sign),
        s("text", { x, y: y + 4 }, known(i) ? number(values[i]) : "?"),
        s("text", { x, y: y + 23, class: lit ? "dlm-adjoint" : "dlm-small" }, lit ? number(sums[i]) : step > graph.steps.length ? "?" : ""));
      if (!leaf) box.append(s("text", { x: x - bw / 2 + 12, y: y - bh / 2 + 15, class: "dlm-small" }, nameOf(i)));
      if (!full[i]) box.append(s("text", { x, y: y + bh / 2 + 13, class: "dlm-small" }, "result"));
      if (lit && full[i] > 1) box.append(s("text", { x, y: y + bh / 2 + 13, class: "dlm-small" }, arrived[i] + " of " + full[i] + " arrived"));
      return box;
    });
    svg.replaceChildren(...lines, ...boxes, ...labels);
    if (active >= 0 && along > room && !tall) holder.scrollLeft = point(plan.at[active])[0] - room / 2;
    svg.setAttribute("aria-label", "Graph of " + text + ", from the inputs to the result. " + sentence());
  }

  // ---- words and controls
  function describe() {
    const { sums, arrived } = adjoints(graph, values, edgesDone());
    return graph.nodes.flatMap((n, i) => (n.op === "const" ? [] : [h("div", {}, nameOf(i) + (n.args.length ? " = " + formula(i, nameOf) : "") + (known(i) ? ": value " + number(values[i]) : ": not computed yet")
      + (arrived[i] || (i === graph.nodes.length - 1 && step > graph.steps.length) ? ", adjoint " + number(sums[i]) : "") + ".")]));
  }
  function refresh() {
    values = evaluate(graph, inputs);
    step = Math.min(step, total());
    const over = step === total();
    draw();
    if (!running || over) status.textContent = note + sentence() + (over ? ending() : "");
    else status.textContent = sentence();
    asked.textContent = question;
    inWords.replaceChildren(...describe());
    table.set({
      edges: edgesDone() + " of " + graph.edges.length, paths: String(countPaths(graph)),
      result: forwardDone() ? number(values.at(-1), 4) : "not yet",
    });
    next.disabled = over; back.disabled = !step; playButton.textContent = running ? "Pause" : "Run"; playButton.disabled = over && !running;
    scrub.input.max = total(); scrub.set(step);
    knobs.forEach((knob, k) => knob.set(inputs[k]));
  }
  function stop() { running = 0; status.setAttribute("aria-live", "polite"); }
  function go(to) { stop(); note = ""; step = Math.max(0, Math.min(total(), to)); refresh(); }
  function play() {
    if (running) { stop(); return refresh(); }
    if (reducedMotion()) return go(total());
    const mine = (running = performance.now() + 1);
    note = "";
    status.setAttribute("aria-live", "off");
    const turn = () => {
      if (running !== mine || !el.isConnected) return;
      step += 1;
      if (step >= total()) stop();
      refresh();
      if (running) setTimeout(turn, 800);
    };
    turn();
  }
  function setInput(k, v) {
    inputs[k] = Math.round(Math.max(-10, Math.min(10, v)) * 100) / 100;
    while (Math.abs(inputs[k]) > +knobs[k].input.max) { knobs[k].input.max *= 2; knobs[k].input.min *= 2; }
    note = ""; refresh();
  }
  function load(expression, given = {}, ask = "", at = 0) {
    stop();
    const preset = FORMULAS.find(([known]) => known.replaceAll(" ", "") === expression.replaceAll(" ", ""));
    graph = parse(expression);
    text = expression;
    plan = arrange(graph);
    const start = { ...preset?.[1], ...given };
    begun = given;
    inputs = graph.names.map((name, k) => start[name] ?? USUAL[k]);
    question = ask || preset?.[2] || "Which input moves the result most? Guess, then step to the end.";
    note = ""; step = at;
    knobs = graph.names.map((name, k) => {
      const most = Math.abs(inputs[k]) > 5 ? 10 : 5;
      return slider(pretty(name), { min: -most, max: most, step: 0.05, value: inputs[k] }, (v) => setInput(k, v));
    });
    sliders.replaceChildren(...knobs.map((knob) => knob.el));
    const listed = FORMULAS.findIndex(([known]) => known === preset?.[0]);
    choice.value = String(listed);
    typed.value = expression; typed.removeAttribute("aria-invalid");
    refresh();
  }
  const choice = h("select", { "aria-label": "Formula" }, ...FORMULAS.map(([expression], i) => h("option", { value: i }, expression)), h("option", { value: -1, hidden: true }, "your own"));
  choice.addEventListener("change", () => load(FORMULAS[+choice.value][0]));
  const typed = h("input", { type: "text", "aria-label": "Or type a formula", maxlength: LONGEST, spellcheck: "false", autocapitalize: "off", autocomplete: "off" });
  typed.addEventListener("change", () => {
    if (typed.value.trim() === text) return typed.removeAttribute("aria-invalid");
    try { load(typed.value.trim(), Object.fromEntries(graph.names.map((name, k) => [name, inputs[k]]))); } catch (error) {
      typed.setAttribute("aria-invalid", "true");
      status.textContent = error.message + " The graph still shows " + text + ".";
    }
  });
  const next = button("Next", () => go(step + 1), { class: "dlm-first" }), back = button("Back", () => go(step - 1)), playButton = button("Run", play);
  const scrub = slider("Step", { min: 0, max: 1, step: 1, value: 0, show: String }, (v) => go(v));

  // ---- an input's box is dragged up and down
  let drag = null;
  svg.addEventListener("pointerdown", (event) => {
    const leaf = event.target.closest("[data-leaf]");
    if (!leaf || event.button) return;
    const k = +leaf.dataset.leaf, scale = svg.getBoundingClientRect().height / svg.getAttribute("height") || 1;
    drag = { k, y: event.clientY, x: event.clientX, value: inputs[k], scale };
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", (event) => {
    if (drag) setInput(drag.k, Math.round((drag.value + (drag.y - event.clientY + event.clientX - drag.x) / drag.scale * 0.02) * 20) / 20);
  });
  for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => { drag = null; });
  // A finger on an input drags it; anywhere else it scrolls the page.
  svg.addEventListener("touchstart", (event) => { if (event.target.closest("[data-leaf]")) event.preventDefault(); }, { passive: false });

  const body = h("div", { class: "dlm-body" }, asked,
    h("div", { class: "dlm-row" }, h("span", {}, "Try this:"), ...Object.entries(TRIES).map(([name, [i, given, ask]]) => button(name, () => load(FORMULAS[i][0], given, ask)))),
    h("div", { class: "dlm-formula" }, choice, h("span", {}, "or type"), typed),
    holder,
    h("div", { class: "dlm-row dlm-run" }, next, back, playButton, button("Reset", () => load(text, begun, question)), scrub.el),
    status,
    h("div", { class: "dlm-main dlm-even" }, sliders, table.el),
    h("div", { class: "dlm-more" },
      h("details", {}, h("summary", {}, "What you see"), h("div", {},
        "Each box holds an operation, its value (black) and its adjoint (coloured): how fast the result grows with it. On the way back each edge shows the slope of one operation in one argument; adjoint times slope goes over the edge, and what arrives in a box is added up. ",
        "A dashed box still waits for another contribution. Drag an input\u2019s box up or down, or use the sliders. A formula may use + \u2212 * / **, brackets, numbers, names, and sigmoid, tanh, relu, exp, log, sin, cos, sqrt. Parts that are written twice become one box.")),
      h("details", {}, h("summary", {}, "The graph in words"), inWords),
      linkButton(el, () => [[...text].map((c) => c.charCodeAt(0)), inputs, [step]], (said) => { status.textContent = said; })));

  function begin() {
    const shared = readFormula(model.get("shared"));
    if (!shared) return load(model.get("expression"), model.get("values"));
    const named = Object.fromEntries(parse(shared.expression).names.map((name, k) => [name, shared.values[k]]));
    load(shared.expression, named, "", shared.step);
  }
  el.append(h("style", {}, STYLE), body);
  adopt(el, draw);
  begin();
  model.on("change:shared", begin);
  new ResizeObserver(draw).observe(holder);
}

export default { render };

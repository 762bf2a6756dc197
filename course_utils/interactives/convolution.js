// A 3 x 3 kernel slides over a small picture: window times kernel, nine products, one sum, one pixel of the output.

import { adopt, button, facts, h, linkButton, reducedMotion, words } from "./runtime.js";
import { createPlane, keepSharp, palette } from "./plot.js";
import { css, mixed } from "./colour_scale.js";
import { rgb } from "./hex_colour.js";
import { convolve, poolMax, PRESETS, shifted, unchanged, windowAt, windows } from "./sliding_window.js";

const NAMED = { identity: "Identity", blur: "Blur", sharpen: "Sharpen", edges: "All edges", vertical: "Vertical edges", horizontal: "Horizontal edges", diagonal: "Diagonal edges" };

const KEYS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const QUESTION = "Which kernel keeps the upright strokes and drops the level ones? Guess nine numbers, then try.";
const MOST_SHIFT = 2;

const STYLE = [
  ".dlm-pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 12px; align-items: start; }",
  ".dlm-pictures > div { display: grid; gap: 4px; }",
  ".dlm-pictures [hidden] { display: none; }",
  ".dlm-pictures span, .dlm-nine > span { font-size: .87em; color: var(--muted); }",
  ".dlm .dlm-pictures canvas { aspect-ratio: auto; }",
  ".dlm-sum, .dlm-sum > div { display: flex; flex-wrap: wrap; gap: 6px 10px; align-items: center; justify-content: center; }",
  ".dlm-sum > div:not(.dlm-nine) { flex-wrap: nowrap; }",
  ".dlm-sum b { font-size: 1.2em; min-width: 3.4em; padding-top: 1em; }",
  ".dlm-sum i { font-style: normal; color: var(--muted); padding-top: 1.2em; }",
  ".dlm-sum > .dlm-nine, .dlm-nine { display: grid; gap: 2px; }",
  ".dlm-nine > div { display: grid; grid-template-columns: repeat(3, 46px); gap: 2px; }",
  ".dlm-nine > div > * { height: 30px; display: grid; place-items: center; background: var(--plane); border: 1px solid var(--grid); border-radius: 4px; font-size: .87em; font-variant-numeric: tabular-nums; }",
  ".dlm-kernel > div { grid-template-columns: repeat(3, 62px); }",
  ".dlm .dlm-kernel input { font: inherit; width: 62px; min-width: 0; height: 30px; margin: 0; padding: 0 2px 0 5px; color: var(--fg); background: var(--plane); border: 2px solid var(--accent); border-radius: 4px; text-align: center; }",
  "@container (max-width: 480px) { .dlm-nine > div { grid-template-columns: repeat(3, 38px); } .dlm-kernel > div { grid-template-columns: repeat(3, 54px); } .dlm .dlm-kernel input { width: 54px; } .dlm-sum, .dlm-sum > div { gap: 6px 7px; } }",
  "@media (pointer: coarse) { .dlm .dlm-kernel input { height: 40px; } .dlm-body button { min-width: 40px; } }",
  ".dlm-over { opacity: .55; }",
].join("\n");

/** A number in a narrow cell. */
const brief = (v) => (Math.abs(v) < 1 ? words(Math.round(100 * v) / 100 || 0) : words(v, Math.abs(v) >= 10 ? 3 : 2));

function render({ model, el }) {
  const given = model.get("image"), preset = model.get("kernel");
  const fresh = () => ({ kernel: [...(PRESETS[preset] ?? preset)], stride: 1, padding: "none", relu: false, pool: false, at: [0, 0], shift: 0, whole: true });
  let now = fresh(), image = given, output, pooled, visited = new Set(), note = "", question = "", running = 0;

  const grid = (label, keys) => h("canvas", keys ? { tabindex: 0, role: "application", "aria-label": label } : { role: "img", "aria-label": label });
  const canvases = {
    picture: grid("The picture with its window. Drag the window, or move it with the arrow keys.", true),
    output: grid("The output. Press a pixel to see its window; the arrow keys go from pixel to pixel.", true),
    pooled: grid("The output after pooling.", false),
  };
  const captions = { picture: h("span"), output: h("span"), pooled: h("span") };
  const boxes = Object.fromEntries(Object.keys(canvases).map((name) => [name, h("div", {}, captions[name], canvases[name])]));
  const planes = {};
  const status = h("div", { class: "dlm-status", role: "status", "aria-live": "polite" });
  const asked = h("div", { class: "dlm-question" });
  const counts = facts({ sizes: "Rows \u00d7 columns", work: "Multiplications", kernel: "Sum of the kernel" });
  const windowCells = Array.from({ length: 9 }, () => h("span")), productCells = Array.from({ length: 9 }, () => h("span"));
  const total = h("b"), inputs = Array.from({ length: 9 }, (_, k) => {
    const input = h("input", { type: "number", step: 0.5, min: -99, max: 99, "aria-label": "Kernel, row " + (Math.floor(k / 3) + 1) + ", column " + ((k % 3) + 1) });
    input.addEventListener("input", () => {
      const v = input.valueAsNumber;
      if (Number.isFinite(v)) change({ kernel: now.kernel.map((old, i) => (i === k ? Math.max(-99, Math.min(99, v)) : old)) }, input);
    });
    input.addEventListener("blur", () => refresh());
    return input;
  });

  // ---- drawing
  const margin = () => (now.padding === "same" ? 1 : 0);
  function spread(name, values, edge) {
    const rows = values.length + 2 * edge, columns = values[0].length + 2 * edge, ratio = rows / columns, canvas = canvases[name];
    canvas.style.aspectRatio = columns + " / " + rows;
    if (planes[name]?.ratio !== ratio) planes[name] = Object.assign(createPlane(canvas, { view: [0, 1, 1, 0], ratio, pad: [0, 0, 0, 0] }), { ratio });
    const plane = planes[name];
    plane.fit();
    plane.step = plane.width / columns; plane.edge = edge;
    plane.box = (r, c, size = 1) => [(c + edge) * plane.step, (r + edge) * plane.step, size * plane.step, size * plane.step];
    return plane;
  }
  function cells(plane, values, ink, most, tones) {
    const { ctx, step } = plane, ground = rgb(ink.plane);
    ctx.font = ink.font.replace("12px", Math.max(9, Math.min(13, step * 0.34)) + "px"); ctx.textAlign = "center"; ctx.textBaseline = "middle";
    values.forEach((row, r) => row.forEach((v, c) => {
      const [x, y, size] = plane.box(r, c);
      if (v === null) { ctx.strokeStyle = ink.grid; ctx.lineWidth = 1; ctx.strokeRect(x + 0.5, y + 0.5, size - 1, size - 1); return; }
      const colour = mixed(ground, rgb(v < 0 ? tones[1] : tones[0]), Math.min(1, Math.abs(v) / most));
      ctx.fillStyle = css(colour);
      ctx.fillRect(x, y, size + 0.3, size + 0.3);
      if (step < 26) return;
      const light = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2];
      ctx.fillStyle = light > 140 ? "#111" : "#fff"; ctx.globalAlpha = Math.abs(v) < 5e-4 ? 0.45 : 1;
      ctx.fillText(brief(v), x + size / 2, y + size / 2); ctx.globalAlpha = 1;
    }));
  }
  const frame = (plane, ink, [x, y, w, t], width = 3) => {
    plane.ctx.strokeStyle = ink.plane; plane.ctx.lineWidth = width + 2.5; plane.ctx.strokeRect(x, y, w, t);
    plane.ctx.strokeStyle = ink.accent; plane.ctx.lineWidth = width; plane.ctx.strokeRect(x, y, w, t);
  };
  const largest = (values) => Math.max(1e-9, ...values.flat().map((v) => Math.abs(v ?? 0)));
  function origin() {
    const [, up] = windows(image.length, now.stride, now.padding), [, left] = windows(image[0].length, now.stride, now.padding);
    return [now.at[0] * now.stride - up, now.at[1] * now.stride - left];
  }
  const visible = (r, c) => now.whole || visited.has(r * output[0].length + c);
  const seenOutput = () => output.map((row, r) => row.map((v, c) => (visible(r, c) ? v : null)));
  function draw() {
    if (!output) return;
    const ink = palette(el), most = largest(output), shown = seenOutput();
    const a = spread("picture", image, margin());
    if (margin()) {
      const [x, y] = a.box(0, 0);
      a.ctx.fillStyle = ink.grid; a.ctx.globalAlpha = 0.45; a.ctx.fillRect(0, 0, a.width, a.height); a.ctx.globalAlpha = 1;
      a.ctx.fillStyle = ink.plane; a.ctx.fillRect(x, y, a.width - 2 * x, a.height - 2 * y);
    }
    cells(a, image, ink, largest(image), [ink.fg, ink.minus]);
    const [r, c] = origin();
    // the nine cells of the window
    for (let k = 1; k < 3; k++) {
      const [x, y, size] = a.box(r, c, 3), p = (k * size) / 3;
      a.ctx.strokeStyle = ink.accent; a.ctx.lineWidth = 1;
      a.ctx.beginPath(); a.ctx.moveTo(x + p, y); a.ctx.lineTo(x + p, y + size); a.ctx.moveTo(x, y + p); a.ctx.lineTo(x + size, y + p); a.ctx.stroke();
    }
    frame(a, ink, a.box(r, c, 3));
    const b = spread("output", output, 0);
    cells(b, shown, ink, most, [ink.plus, ink.minus]);
    if (now.pool) {
      b.ctx.strokeStyle = ink.fg; b.ctx.lineWidth = 1;
      for (let i = 0; i < pooled.length; i++) for (let j = 0; j < pooled[0].length; j++) b.ctx.strokeRect(...b.box(2 * i, 2 * j, 2));
    }
    frame(b, ink, b.box(...now.at));
    if (!now.pool || !pooled.length || !pooled[0].length) return;
    const d = spread("pooled", pooled, 0);
    cells(d, poolMax(shown), ink, most, [ink.plus, ink.minus]);
    const [i, j] = now.at.map((v) => v >> 1);
    if (i < pooled.length && j < pooled[0].length) frame(d, ink, d.box(i, j));
  }

  // ---- words
  const size = (values) => values.length + " \u00d7 " + (values[0]?.length ?? 0);
  function tell() {
    const nine = windowAt(image, now.at, now), products = nine.map((v, k) => (v ?? 0) * now.kernel[k]), sum = products.reduce((x, y) => x + y, 0);
    nine.forEach((v, k) => { windowCells[k].textContent = brief(v ?? 0); windowCells[k].classList.toggle("dlm-over", v === null); productCells[k].textContent = brief(products[k]); });
    total.textContent = words(Math.abs(sum) < 5e-4 ? 0 : sum, 3);
    const over = nine.filter((v) => v === null).length, after = output[now.at[0]][now.at[1]];
    const rule = now.relu ? (sum < -5e-4 ? " ReLU makes it 0." : " ReLU leaves it.") : "";
    const edge = over ? " " + over + " of the nine pixels lie outside and count as 0." : "";
    const block = now.pool && poolMax(seenOutput())[now.at[0] >> 1]?.[now.at[1] >> 1];
    status.textContent = note + "Row " + (now.at[0] + 1) + ", column " + (now.at[1] + 1) + " of the output: the nine products add up to " + total.textContent + "." + rule + edge
      + (typeof block === "number" ? " The largest of its 2 \u00d7 2 block is " + brief(block) + (Math.abs(block - after) < 1e-9 ? ": this one." : ".") : "");
    asked.textContent = question || QUESTION;
    captions.picture.textContent = "Picture" + (now.shift ? ", shifted by " + now.shift : "") + ", " + size(image) + (margin() ? " and a rim of zeros" : "");
    captions.output.textContent = "Output, " + size(output) + (now.whole ? "" : ", " + visited.size + " of " + output.flat().length + " filled");
    captions.pooled.textContent = "After pooling, " + size(pooled);
    canvases.pooled.setAttribute("aria-label", captions.pooled.textContent);
    counts.set({ sizes: [image, output, ...(now.pool ? [pooled] : [])].map(size).join(" \u2192 "), work: String(9 * output.flat().length), kernel: words(now.kernel.reduce((x, y) => x + y, 0), 3) });
  }
  function refresh(typing) {
    image = shifted(given, now.shift);
    output = convolve(image, now.kernel, now);
    pooled = poolMax(output);
    now.at = [Math.max(0, Math.min(output.length - 1, now.at[0])), Math.max(0, Math.min(output[0].length - 1, now.at[1]))];
    if (!now.whole) visited.add(now.at[0] * output[0].length + now.at[1]);
    boxes.pooled.hidden = !now.pool || !pooled.length || !pooled[0].length;
    inputs.forEach((input, k) => { if (input !== typing) input.value = Math.round(now.kernel[k] * 1000) / 1000; });
    for (const [name, b] of Object.entries(presetButtons)) b.setAttribute("aria-pressed", String(PRESETS[name].every((v, k) => Math.abs(v - now.kernel[k]) < 1e-9)));
    for (const [name, group] of Object.entries(choices)) for (const [value, b] of group) b.setAttribute("aria-pressed", String(now[name] === value));
    reluBox.checked = now.relu; poolBox.checked = now.pool;
    runButton.textContent = running ? "Pause" : "Slide over it";
    wholeButton.disabled = now.whole;
    tell();
    draw();
  }
  function change(next, typing) {
    note = "";
    if ("stride" in next || "padding" in next) visited = new Set();
    now = { ...now, ...next };
    refresh(typing);
  }
  function load(next, text = "") { stop(); visited = new Set(); question = text; note = ""; now = { ...now, ...next }; refresh(); }

  // ---- sliding
  function stop() { running = 0; status.setAttribute("aria-live", "polite"); }
  const cellCount = () => output.length * output[0].length;
  function empty() { visited = new Set(); now = { ...now, whole: false, at: [0, 0] }; note = ""; }
  function advance() {
    const columns = output[0].length, next = (now.at[0] * columns + now.at[1] + 1) % cellCount();
    now.at = [Math.floor(next / columns), next % columns];
    visited.add(next);
    if (visited.size >= cellCount()) { now.whole = true; stop(); }
  }
  function step() { stop(); if (now.whole) empty(); else { note = ""; advance(); } refresh(); }
  function run() {
    if (running) { stop(); return refresh(); }
    if (now.whole) empty();
    if (reducedMotion()) { now.whole = true; now.at = [output.length - 1, output[0].length - 1]; return refresh(); }
    const mine = (running = performance.now() + 1);
    let last = 0;
    status.setAttribute("aria-live", "off");
    const turn = (time) => {
      if (running !== mine || !el.isConnected) return;
      if (time - last > 90) { last = time; advance(); refresh(); }
      if (running) requestAnimationFrame(turn);
    };
    refresh();
    requestAnimationFrame(turn);
  }
  function move(at) {
    if (running) stop();
    const inside = [Math.max(0, Math.min(output.length - 1, at[0])), Math.max(0, Math.min(output[0].length - 1, at[1]))];
    if (inside[0] === now.at[0] && inside[1] === now.at[1]) return;
    note = ""; now.at = inside;
    refresh();
  }
  for (const name of ["picture", "output"]) {
    const canvas = canvases[name];
    const cell = (event) => {
      const plane = planes[name], [x, y] = plane.pointer(event), [r, c] = [y / plane.step - plane.edge, x / plane.step - plane.edge];
      if (name === "output") return [Math.floor(r), Math.floor(c)];
      const [up, left] = [image.length, image[0].length].map((n) => windows(n, now.stride, now.padding)[1]);
      return [Math.round((r - 1.5 + up) / now.stride), Math.round((c - 1.5 + left) / now.stride)];
    };
    let held = false;
    canvas.addEventListener("pointerdown", (event) => { if (event.button) return; held = true; canvas.dataset.drag = ""; canvas.setPointerCapture(event.pointerId); move(cell(event)); });
    canvas.addEventListener("pointermove", (event) => { if (held) move(cell(event)); });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { held = false; delete canvas.dataset.drag; });
    // a finger near the window drags it, elsewhere it scrolls the page
    canvas.addEventListener("touchstart", (event) => {
      const near = cell(event.touches[0]).every((v, i) => Math.abs(v - now.at[i]) * (name === "picture" ? now.stride : 1) <= 2);
      if (near) event.preventDefault();
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const d = KEYS[event.key];
      if (!d) return;
      event.preventDefault();
      move([now.at[0] + d[0], now.at[1] + d[1]]);
    });
  }

  // ---- controls
  const presetButtons = Object.fromEntries(Object.keys(PRESETS).map((name) => [name, button(NAMED[name], () => change({ kernel: [...PRESETS[name]] }), { "aria-pressed": "false" })]));
  const choices = { stride: [1, 2], padding: ["none", "same"] };
  for (const [name, values] of Object.entries(choices)) choices[name] = values.map((v) => [v, button(String(v), () => change({ [name]: v }), { "aria-pressed": "false", "aria-label": name[0].toUpperCase() + name.slice(1) + " " + v })]);
  const box = (name) => h("input", { type: "checkbox", onchange: (e) => change({ [name]: e.target.checked }) });
  const reluBox = box("relu"), poolBox = box("pool");
  const runButton = button("Slide over it", run, { class: "dlm-first" }), wholeButton = button("Show all", () => { stop(); change({ whole: true }); });
  function shift() {
    const setting = { kernel: [...PRESETS.vertical], stride: 1, padding: "same", relu: true, pool: true, whole: true };
    const by = question.startsWith("The picture moves") ? (now.shift + 1) % (MOST_SHIFT + 1) : 1;
    load({ ...setting, shift: by }, "The picture moves one pixel to the right. Does the output move with it? Does the pooled output? Guess, then press again.");
    const before = convolve(given, now.kernel, now), along = unchanged(output.map((row) => row.slice(by + 1, -1)), before.map((row) => row.slice(1, -1 - by)));
    note = by ? "Shifted by " + by + ": " + along + " of " + output.length * (output[0].length - by - 2) + " inner outputs moved along, " + unchanged(pooled, poolMax(before)) + " of " + pooled.flat().length + " pooled ones stayed as they were. " : "Back in place. ";
    tell();
  }
  const tries = [
    button("One direction", () => load({ ...fresh(), kernel: [...PRESETS.horizontal], relu: true, padding: "same" }, "Level edges only, and ReLU drops the darker-to-lighter ones. What stays of the digit under the vertical kernel? Guess, then press it.")),
    button("Shift the picture", shift),
    button("Skip every second", () => load({ ...fresh(), kernel: [...PRESETS.blur], stride: 2, whole: true }, "Stride 2 takes every second window. How large is the output without padding, and how large with same? Guess, then press.")),
    button("Reset", () => load(fresh())),
  ];
  const nine = (name, cellsOf, kind = "") => h("div", { class: "dlm-nine " + kind, role: "group", "aria-label": name }, h("span", {}, name), h("div", {}, ...cellsOf));
  const check = (b, text) => h("label", { class: "dlm-check" }, b, text);
  el.append(h("style", {}, STYLE), h("div", { class: "dlm-body" }, asked,
    h("div", { class: "dlm-row" }, h("span", {}, "Try this:"), ...tries),
    h("div", { class: "dlm-row" }, h("span", {}, "Kernel:"), ...Object.values(presetButtons)),
    h("div", { class: "dlm-pictures" }, ...Object.values(boxes)),
    h("div", { class: "dlm-sum" }, nine("Window", windowCells), h("div", {}, h("i", {}, "\u00d7"), nine("Kernel", inputs, "dlm-kernel")), h("div", {}, h("i", {}, "="), nine("Products", productCells), h("i", {}, "sum"), total)),
    h("div", { class: "dlm-row dlm-run" }, runButton, button("One step", step), wholeButton),
    h("div", { class: "dlm-row" }, h("span", {}, "Stride"), ...choices.stride.map(([, b]) => b), h("span", {}, "Padding"), ...choices.padding.map(([, b]) => b), check(reluBox, "ReLU"), check(poolBox, "2 \u00d7 2 max pooling")),
    status, counts.el,
    h("div", { class: "dlm-more" },
      h("details", {}, h("summary", {}, "What you see"), h("div", {},
        "Each pixel of the output is the sum of nine products: the window of the picture times the kernel, place by place. Blue is above 0, orange below. The kernel isn't turned round: deep learning calls this convolution, signal processing calls it correlation. ",
        "Padding none keeps the window inside; same lets it hang over a rim of zeros, so that with stride 1 the output is as large as the picture. Pooling keeps the largest of each 2 \u00d7 2 block. On a picture the ", h("kbd", {}, "arrows"), " move the window.")),
      linkButton(el, state, (text) => { status.textContent = text; }))));

  // ---- links
  function state() { return [now.kernel, [now.stride, +(now.padding === "same"), +now.relu, +now.pool, ...now.at, now.shift]]; }
  function readState(shared) {
    if (!Array.isArray(shared) || shared.length !== 2 || !shared.every(Array.isArray)) return null;
    const [kernel, rest] = shared, [stride, same, relu, pool, r, c, shift] = rest, small = (v, most) => Number.isInteger(v) && v >= 0 && v <= most;
    const good = kernel.length === 9 && kernel.every((v) => Number.isFinite(v) && Math.abs(v) <= 99) && rest.length === 7
      && [1, 2].includes(stride) && [same, relu, pool].every((v) => small(v, 1)) && small(r, 99) && small(c, 99) && small(shift, MOST_SHIFT);
    if (!good) return null;
    // 1/9 is rounded in a link
    const near = Object.values(PRESETS).find((p) => p.every((v, k) => Math.abs(v - kernel[k]) < 1e-3));
    return { ...fresh(), kernel: near ? [...near] : kernel, stride, padding: same ? "same" : "none", relu: !!relu, pool: !!pool, at: [r, c], shift };
  }
  const begin = () => load(readState(model.get("shared")) ?? { ...fresh(), at: [1, 1] });
  begin();
  adopt(el, draw);
  model.on("change:shared", begin);
  for (const canvas of Object.values(canvases)) keepSharp(canvas, () => requestAnimationFrame(draw));
}

export default { render };

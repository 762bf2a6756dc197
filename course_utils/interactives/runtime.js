// Shared by every figure: mounting without a widget manager, manners towards the host page,
// small building blocks for controls, and a link that carries a set-up.

/** The part of anywidget's model that figures use, kept in memory: no kernel, no comm. */
export function localModel(props) {
  const values = { ...props }, heard = {};
  return {
    get: (name) => values[name],
    set(name, value) {
      values[name] = value;
      for (const tell of heard["change:" + name] ?? []) tell();
    },
    on(event, tell) { (heard[event] ??= []).push(tell); },
    save_changes() {},
  };
}

/** Is the page around `el` dark? The first opaque ground behind it decides: one rule for
    JupyterLab, the book's switch and the decks. Colab's frames say it on their root. */
export function isDark(el) {
  for (let e = el; e; e = e.parentElement) {
    const c = getComputedStyle(e).backgroundColor.match(/[\d.]+/g)?.map(Number);
    if (c && (c.length < 4 || c[3] > 0.5)) return 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2] < 128;
  }
  const said = document.documentElement.getAttribute("theme");
  return said ? said === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Colour scheme, and keys and swipes that JupyterLab or reveal.js must not take for theirs. */
export function adopt(el, redraw) {
  el.dataset.lmSuppressShortcuts = "true";
  el.dataset.preventSwipe = "";
  const keep = (event) => {
    const { tagName, type } = event.target, { key } = event;
    if (event.ctrlKey || event.metaKey || key === "Escape" || key === "Tab") return;
    if (el.closest(".reveal")) { // a presenter's clicker still turns the slide
      if (tagName === "CANVAS" && key.startsWith("Page")) return;
      if ((tagName === "BUTTON" || tagName === "SUMMARY" || type === "checkbox") && key !== "Enter" && key !== " ") return;
    }
    event.stopPropagation();
    // A picture that has no use for a key keeps it all the same: the page must not jump under the reader.
    if (tagName === "CANVAS" && (key === " " || key.startsWith("Arrow"))) event.preventDefault();
  };
  el.addEventListener("keydown", keep);
  el.addEventListener("keypress", keep);
  const look = () => {
    if (!el.isConnected) return watch.disconnect();
    const scheme = isDark(el.parentElement ?? el) ? "dark" : "light";
    if (el.dataset.scheme !== scheme) { el.dataset.scheme = scheme; redraw(); }
  };
  const watch = new MutationObserver(() => { look(); setTimeout(look, 500); });
  for (const e of [document.documentElement, document.body]) watch.observe(e, { attributes: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", look);
  look();
}

/** h("button", { class: "x", onclick: f }, "text", child) */
export function h(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) e.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) e.setAttribute(name, value === true ? "" : value);
  }
  e.append(...children);
  return e;
}

export const button = (text, onclick, attributes = {}) => h("button", { type: "button", onclick, ...attributes }, text);

/** Three figures at most, and a real minus sign. */
export const words = (value, digits = 3) => String(+value.toPrecision(digits)).replace("-", "\u2212");

/** A named range with its value beside it. `show` turns the slider's place into words. */
export function slider(name, { min, max, step, value, show = (v) => words(v) }, oninput) {
  const out = h("b");
  const input = h("input", { type: "range", min, max, step, "aria-label": name });
  const set = (v) => { input.value = v; out.textContent = show(v); input.setAttribute("aria-valuetext", show(v)); };
  input.addEventListener("input", () => { set(+input.value); oninput(+input.value); });
  set(value);
  return { el: h("label", { class: "dlm-slider" }, h("span", {}, name), input, out), input, set };
}

/** Rows of a name and a value that changes: facts({ R: "Longest example" }).set({ R: "1.73" }). */
export function facts(names) {
  const values = Object.fromEntries(Object.keys(names).map((key) => [key, h("b")]));
  const el = h("div", { class: "dlm-facts" }, ...Object.entries(names).map(([key, name]) => h("div", {}, h("span", {}, name), values[key])));
  return { el, set(now) { for (const [key, text] of Object.entries(now)) if (values[key].textContent !== text) values[key].textContent = text; } };
}

/** Numbers in nested lists, written so that a link can carry them, and back. */
export const packState = (state) =>
  JSON.stringify(state, (_, v) => (typeof v === "number" ? Math.round(v * 1e4) / 1e4 : v)).replaceAll("[", "(").replaceAll("]", ")");
export function unpackState(text) {
  if (!/^\([-\d.,()]{0,4000}\)$/.test(text)) return null;
  try { return JSON.parse(text.replaceAll("(", "[").replaceAll(")", "]")); } catch { return null; }
}

/** Which figure of the page this is, for links: "perceptron.0". */
function shareName(el) {
  const name = el.dataset.dlm.replace(/-\w+$/, "");
  return name + "." + [...document.querySelectorAll('[data-dlm^="' + name + '-"]')].indexOf(el);
}

function readShared(el) {
  for (const part of (location.search.slice(1) + "&" + location.hash.slice(1)).split("&")) {
    const [name, state] = part.replaceAll("%28", "(").replaceAll("%29", ")").replaceAll("%2C", ",").split(":");
    if (name === "dlm=" + shareName(el) && state) return unpackState(state);
  }
  return null;
}

/** "Link to this set-up". A deck keeps its hash for the slide, so there the query carries the state.
    Where the page's address is not the reader's to share (Lab, a frame), there is no button. */
export function linkButton(el, state, say) {
  if (window.parent !== window || el.closest(".jp-OutputArea")) return "";
  const box = h("input", { type: "text", readonly: true, hidden: true, "aria-label": "Link to this set-up" });
  const share = async () => {
    const url = new URL(location.href), mine = "dlm=" + shareName(el) + ":" + packState(state());
    if (el.closest(".reveal")) url.search = [...url.search.slice(1).split("&").filter((p) => p && !p.startsWith("dlm=")), mine].join("&");
    else {
      url.hash = mine;
      history.replaceState(history.state, "", url);
    }
    try {
      await navigator.clipboard.writeText(url.href);
      say("Link copied. It opens this figure as you see it now.");
    } catch {
      box.hidden = false; box.value = url.href; box.focus(); box.select();
      say("Copy the link below the buttons. It opens this figure as you see it now.");
    }
  };
  return h("span", { class: "dlm-share" }, button("Link to this set-up", share, { class: "dlm-quiet" }), box);
}

/** Bring every figure with this key to life that is not alive yet. No ids: outputs may repeat. */
export function mountAll(key, figure) {
  for (const el of document.querySelectorAll('[data-dlm="' + key + '"]:not([data-mounted])')) {
    const model = localModel(JSON.parse(el.querySelector("script[type='application/json']").textContent));
    el.dataset.mounted = "";
    el.replaceChildren();
    const shared = readShared(el);
    model.set("shared", shared);
    figure.render({ model, el });
    const reveal = () => { if (!el.closest(".reveal")) el.scrollIntoView({ block: "center" }); };
    if (shared) { if (document.readyState === "complete") reveal(); else addEventListener("load", reveal); }
    addEventListener("hashchange", () => {
      const state = el.isConnected && location.hash.startsWith("#dlm=") && readShared(el);
      if (state) { model.set("shared", state); reveal(); }
    });
  }
}

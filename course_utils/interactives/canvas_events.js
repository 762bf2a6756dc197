// A picture that readers point at and steer with keys: draw once a frame, hear a key, show a ring.

/** Ask for a drawing: however often in a frame, it is drawn once, in the next one. */
export const onceAFrame = (draw, asked = 0) => () => { asked ||= requestAnimationFrame(() => { asked = 0; draw(); }); };

/** Keys in a picture, letters in lower case. `act` says false to one that it has no use for. */
export function onKey(canvas, act) {
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (act(event.key.length === 1 ? event.key.toLowerCase() : event.key, event) !== false) event.preventDefault();
  });
}

/** Tell whether the keyboard is in the picture. */
export function onFocus(canvas, tell) {
  for (const type of ["focus", "blur"]) canvas.addEventListener(type, () => tell(type === "focus" && canvas.matches(":focus-visible")));
}

// Starts reveal.js and fits interactive figures into the room that their slide leaves them.
(() => {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

  /** Scale an interactive figure so that it fits its frame; it may grow a little on an empty slide. */
  function fit(slide) {
    for (const part of slide?.querySelectorAll(".deck-part-live") ?? []) {
      const figure = part.querySelector("[data-dlm]");
      if (!figure) continue;
      figure.style.zoom = 1;
      const room = part.getBoundingClientRect(), size = figure.getBoundingClientRect();
      if (!size.height || !room.height) continue;
      const scale = Math.min(room.height / size.height, room.width / size.width, 1.25);
      figure.style.zoom = Math.floor(scale * 100) / 100;
    }
  }

  Reveal.initialize({
    width: 1280, height: 720, margin: 0, minScale: 0.1, maxScale: 4,
    center: false, hash: true, hashOneBasedIndex: true, controlsTutorial: false,
    transition: "none", backgroundTransition: "none", autoAnimate: false,
    pdfSeparateFragments: false, pdfMaxPagesPerSlide: 1, scrollActivationWidth: null,
    plugins: [RevealNotes],
  });
  Reveal.on("ready", (event) => fit(event.currentSlide));
  Reveal.on("slidechanged", (event) => fit(event.currentSlide));
  Reveal.on("pdf-ready", () => fit(document));
})();

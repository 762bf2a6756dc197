// Starts reveal.js and fits interactive figures into the room that their slide leaves them.
(() => {
  /** Scale an interactive figure to its frame; it may grow a little on an empty slide. A tall one is
      laid out in two columns under the slide's words, so that its writing stays large enough. */
  function fit(part) {
    const figure = part.querySelector("[data-dlm]");
    if (!figure?.offsetHeight || !part.clientHeight) return; // not on show: nothing has a size yet
    if (!figure.dataset.wide && figure.dataset.mounted !== undefined)
      figure.dataset.wide = part.clientHeight < 0.66 * figure.offsetHeight ? "yes" : "no";
    const scale = Math.min(part.clientHeight / figure.offsetHeight, part.clientWidth / figure.offsetWidth, 1.3);
    figure.style.transform = `scale(${Math.floor(scale * 1000) / 1000})`;
  }

  const live = [...document.querySelectorAll(".deck-part-live")];
  const watch = new ResizeObserver(() => live.forEach(fit)); // also when a slide with one comes on show
  for (const part of live) {
    watch.observe(part);
    watch.observe(part.querySelector("[data-dlm]"));
  }

  Reveal.initialize({
    width: 1280, height: 720, margin: 0, minScale: 0.1, maxScale: 4,
    center: false, hash: true, hashOneBasedIndex: true, controlsTutorial: false,
    transition: "none", backgroundTransition: "none", autoAnimate: false,
    pdfSeparateFragments: false, pdfMaxPagesPerSlide: 1,
    scrollActivationWidth: 500, scrollLayout: "compact", scrollSnap: false, // on a phone: one long page
    plugins: [RevealNotes],
  });
})();

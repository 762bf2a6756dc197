// What scrolls sideways must be reachable from the keyboard, and the title beside the menu has a place.
(() => {
  const scrollers = ".bd-article pre, .bd-article div.math, .bd-article .pst-scrollable-table-container";
  const mark = () => {
    for (const box of document.querySelectorAll(scrollers)) {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  const start = () => {
    mark();
    document.querySelector(".sidebar-primary-items__start")?.setAttribute("role", "banner");
    new ResizeObserver(mark).observe(document.body);
    if (window.MathJax?.startup?.promise) window.MathJax.startup.promise.then(mark);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();

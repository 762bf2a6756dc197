// Light or dark before the first paint: ?dark or ?light, else what the system prefers.
// Paper is light: print to PDF starts light unless ?dark asks otherwise.
(() => {
  const query = new URLSearchParams(location.search);
  const prefers = matchMedia("(prefers-color-scheme: dark)");
  const choose = () => {
    const asked = query.has("dark") ? "dark" : query.has("light") || query.has("print-pdf") ? "light" : "";
    document.documentElement.dataset.theme = asked || (prefers.matches ? "dark" : "light");
  };
  choose();
  prefers.addEventListener("change", choose);
})();

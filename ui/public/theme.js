// Sets theme and density before the first paint. A classic script in the head: it runs before the page is drawn.
(function () {
  var stored = function (key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };
  var root = document.documentElement;
  var theme = stored("rolltop.theme");
  if (theme !== "light" && theme !== "dark") {
    theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  root.dataset.theme = theme;
  var density = stored("rolltop.density");
  root.dataset.density = density === "compact" || density === "comfortable" ? density : "default";
})();

// Sets the theme before the first paint, and follows it when another tab or the app around this frame changes it.
// A plain script, not a module: modules run after the page was painted once.
(() => {
  const KEY = "rolltop.theme";
  const system = matchMedia("(prefers-color-scheme: dark)");

  function apply() {
    const chosen = localStorage.getItem(KEY);
    const theme = chosen === "light" || chosen === "dark" ? chosen : system.matches ? "dark" : "light";
    document.documentElement.dataset.theme = theme;
    document.documentElement.classList.toggle("dark-mode", theme === "dark"); // Swagger UI's own switch
    localStorage.setItem("redoc.colorMode", theme); // Redoc's own switch, read once when it starts
    dispatchEvent(new CustomEvent("rolltop:theme", { detail: theme }));
  }

  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", (event) => event.key === KEY && apply());
})();

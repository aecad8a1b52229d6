// Words instead of a blank page where the web view is too old. Plain script, old syntax: it must run in exactly those.
(function () {
  var able = "with" in Array.prototype && window.CSS && CSS.supports && CSS.supports("color", "color-mix(in srgb, red, blue)");
  if (able) return;
  document.getElementById("app").appendChild(
    document.createTextNode(
      "This web view is too old for Rolltop. It needs WebView2, Chrome or Edge 111, Firefox 128, or Safari 16.4, or later. Update it, or open Rolltop in another browser.",
    ),
  );
})();

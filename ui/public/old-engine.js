// Only engines without modules run this file. They get words instead of a blank page.
document.getElementById("app").appendChild(
  document.createTextNode(
    "This web view is too old for Rolltop. It needs WebView2, Chrome or Edge 111, Firefox 128, or Safari 16.4, or later. Update it, or open Rolltop in another browser.",
  ),
);

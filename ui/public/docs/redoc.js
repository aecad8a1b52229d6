// Redoc over the live document, signed in as the person.
import { openapi } from "/docs/session.js";
import { init } from "/docs/vendor/redoc.standalone.js";

const spec = await openapi();
if (spec) {
  const main = document.getElementById("docs");
  init(spec, { disableTelemetry: true, hideLoading: true }, main);
  // Redoc reads its colour mode once, when it starts.
  addEventListener("rolltop:theme", () => location.reload());
}

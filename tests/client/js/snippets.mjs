// Writes snippets with the UI's own module: cases as JSON on standard input, the code as JSON on standard output.
import { readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ui = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "ui");
const { build } = await import(pathToFileURL(createRequire(join(ui, "package.json")).resolve("vite")));

/** The module as plain JavaScript, from its TypeScript and what it imports. */
async function bundled(entry) {
  const built = await build({
    configFile: false,
    root: ui,
    logLevel: "silent",
    build: { ssr: entry, write: false, minify: false },
  });
  const { code } = (Array.isArray(built) ? built[0] : built).output[0];
  return import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
}

const { viewSnippet, rowSnippet } = await bundled(join(ui, "src", "lib", "snippets.ts"));
const written = JSON.parse(readFileSync(0, "utf8")).map(({ language, place, parameters, limit, key, change }) =>
  key ? rowSnippet(language, place, key, change) : viewSnippet(language, place, parameters, limit),
);
writeSync(1, JSON.stringify(written));

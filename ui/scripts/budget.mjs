// Checks sizes from Vite's manifest: what a page loads, gzipped. Fails when a budget is passed.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const KIB = 1024;
const dist = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");
const manifest = JSON.parse(readFileSync(join(dist, ".vite", "manifest.json"), "utf8"));
const size = (file) => gzipSync(readFileSync(join(dist, file))).length;

/** The files a module needs before it runs: its own, those it imports, and their styles. */
function filesOf(key, seen = new Set()) {
  const chunk = manifest[key];
  if (!chunk || seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const style of chunk.css ?? []) seen.add(style);
  for (const other of chunk.imports ?? []) filesOf(other, seen);
  return seen;
}

const first = new Set([...filesOf("index.html"), ...filesOf("src/pages/home/index.svelte"), "index.html", "theme.js"]);
const extra = (page) => [...filesOf(`src/pages/${page}/index.svelte`)].filter((file) => !first.has(file));

const budgets = [
  ["first load", [...first], 80],
  ["data page", extra("data"), 40],
  ["import page", extra("import"), 60],
  ["API docs page", extra("api-docs"), 20],
];

let passed = true;
for (const [name, files, allowed] of budgets) {
  const total = files.reduce((sum, file) => sum + size(file), 0) / KIB;
  passed &&= total <= allowed;
  console.log(`${name.padEnd(14)} ${total.toFixed(1).padStart(6)} of ${allowed} KiB${total > allowed ? "   over budget" : ""}`);
}
if (process.argv.includes("--files")) {
  for (const file of first) console.log(`  ${(size(file) / KIB).toFixed(1).padStart(6)}  ${file}`);
}
process.exit(passed ? 0 : 1);

// Finds words that are used but missing, and words that nothing uses. Catalogs: every en.json under src.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const src = join(dirname(fileURLToPath(import.meta.url)), "..", "src");
const read = (path) => readFileSync(join(src, path), "utf8");
const files = readdirSync(src, { recursive: true }).map((path) => path.replaceAll("\\", "/"));

const known = new Map();
for (const catalog of files.filter((path) => path.endsWith("en.json"))) {
  for (const key of Object.keys(JSON.parse(read(catalog)))) {
    if (known.has(key)) console.log(`twice: ${key} (${known.get(key)} and ${catalog})`);
    known.set(key, catalog);
  }
}

const sources = files.filter((path) => /\.(ts|svelte)$/.test(path) && !path.endsWith(".test.ts") && !path.endsWith("schema.d.ts"));
const text = sources.map(read).join("\n");
const asked = new Set([...text.matchAll(/\bt\(\s*"([^"]+)"/g)].map((found) => found[1]));

const built = [...text.matchAll(/`([\w.]+\$\{[^`]*)`/g)].map(
  ([, template]) => new RegExp(`^${template.replaceAll(".", "\\.").replace(/\$\{[^}]*\}/g, "[\\w]+")}$`),
);

const missing = [...asked].filter((key) => !known.has(key));
const unused = [...known.keys()].filter((key) => !text.includes(`"${key}"`) && !text.includes(`\`${key}\``) && !isBuilt(key));

/** Keys put together in a template, `data.code.${language}.needs`, count as used. */
function isBuilt(key) {
  return built.some((pattern) => pattern.test(key));
}

for (const key of missing) console.log(`missing: ${key}`);
for (const key of unused) console.log(`unused: ${key} (${known.get(key)})`);
if (missing.length + unused.length > 0) process.exit(1);
console.log(`${known.size} texts, none missing, none unused`);

// Copies what the API documentation pages need beside them, so that /docs and /redoc work offline:
// the two published bundles with their licences, and our design tokens. Run before `vite` and `vite build`.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ui = join(dirname(fileURLToPath(import.meta.url)), "..");
const vendor = join(ui, "public", "docs", "vendor");
const require = createRequire(join(ui, "package.json"));
const folderOf = (name) => dirname(require.resolve(`${name}/package.json`));

const swagger = folderOf("swagger-ui-dist");
const redoc = folderOf("redoc");
const files = [
  [join(swagger, "swagger-ui-bundle.js"), "swagger-ui-bundle.js"],
  [join(swagger, "swagger-ui.css"), "swagger-ui.css"],
  [join(swagger, "LICENSE"), "swagger-ui.LICENSE.txt"],
  [join(swagger, "NOTICE"), "swagger-ui.NOTICE.txt"],
  [join(redoc, "LICENSE"), "redoc.LICENSE.txt"],
  [join(ui, "src", "tokens.css"), "tokens.css"],
];

rmSync(vendor, { recursive: true, force: true });
mkdirSync(vendor, { recursive: true });
for (const [from, name] of files) copyFileSync(from, join(vendor, name));
writeFileSync(join(vendor, "redoc.standalone.js"), offline(readFileSync(join(redoc, "bundles", "redoc.standalone.js"), "utf8")));

/** Redoc's bundle without what our policy would block: its logo from a web site, a font as a data URL, a try at eval. */
function offline(bundle) {
  const word =
    "<svg xmlns='http://www.w3.org/2000/svg' width='40' height='14'><text y='11' font-family='sans-serif' font-size='11' fill='#848d86'>Redoc</text></svg>";
  const replacements = [
    [/https:\/\/cdn\.redoc\.ly\/redoc\/logo-mini(-full)?\.svg/g, `data:image/svg+xml,${encodeURIComponent(word)}`],
    [/url\('data:application\/font-woff;base64,[^']*'\)\s*format\('woff'\)/g, "local('TreeViewIcons')"],
    // It asks whether eval is allowed before it indexes for the search in a worker. It is not, so it never has to ask.
    [/try\{return \w+\._factory\?\?=Function\(\w+\),!0\}catch\{return!1\}/g, "return!1"],
  ];
  for (const [pattern, replacement] of replacements) {
    if (!bundle.match(pattern)) throw new Error(`Redoc's bundle has changed: ${pattern} is not in it. Look at what it loads now.`);
    bundle = bundle.replaceAll(pattern, replacement);
  }
  return bundle;
}

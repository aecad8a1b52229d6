// Copies what the API documentation pages need beside them, so that /docs and /redoc work offline:
// the two published bundles with their licences, and our design tokens. Run before `vite` and `vite build`.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
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
  [join(redoc, "bundles", "redoc.standalone.js"), "redoc.standalone.js"],
  [join(redoc, "LICENSE"), "redoc.LICENSE.txt"],
  [join(ui, "src", "tokens.css"), "tokens.css"],
];

rmSync(vendor, { recursive: true, force: true });
mkdirSync(vendor, { recursive: true });
for (const [from, name] of files) copyFileSync(from, join(vendor, name));

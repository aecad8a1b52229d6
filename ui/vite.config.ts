import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import tailwindcss from "@tailwindcss/vite";
import { defineConfig } from "vitest/config";

const server = process.env["ROLLTOP_DEV_SERVER"] ?? "http://127.0.0.1:8377";

export default defineConfig({
  plugins: [tailwindcss(), svelte()],
  resolve: { alias: { $lib: fileURLToPath(new URL("./src/lib", import.meta.url)) } },
  html: { cspNonce: "__CSP_NONCE__" },
  build: {
    target: ["es2022", "chrome111", "firefox128", "safari16.4"],
    assetsInlineLimit: 0,
    manifest: true,
    // The fallback script for preloading is a fetch loop that no engine we support needs.
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    port: 5173,
    strictPort: true,
    proxy: Object.fromEntries(
      // The server checks Host and Origin, so the proxy has to speak as if it were the page's own origin.
      ["/api/", "/rest/", "/openapi.json", "/docs", "/redoc", "/health/"].map((path) => [
        path,
        {
          target: server,
          changeOrigin: true,
          configure: (proxy: { on: (event: "proxyReq", act: (request: { removeHeader: (name: string) => void }) => void) => void }) =>
            proxy.on("proxyReq", (request) => request.removeHeader("origin")),
        },
      ]),
    ),
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});

/** Every address of the interface. A page is a lazy chunk of the same name in `pages/`. */
export const routes = [
  ["home", "/"],
  ["data", "/data"],
  ["data", "/data/:collection"],
  ["import", "/import/:id"],
  ["api-docs", "/api-docs"],
  ["api-docs", "/api-docs/:view"],
] as const;

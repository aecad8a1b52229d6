import { describe, expect, it, vi } from "vitest";
import { routes } from "../routes";

// The router reads the address when it is made; only `match`, which is pure, is asked here.
vi.stubGlobal("location", { pathname: "/", search: "" });
vi.stubGlobal("addEventListener", () => undefined);
const { match } = await import("./router.svelte");

describe("match", () => {
  it("finds the page of an address", () => {
    expect(match("/", routes)).toEqual({ page: "home", params: {} });
    expect(match("/data", routes)).toEqual({ page: "data", params: {} });
    expect(match("/data/flights/", routes)).toEqual({ page: "data", params: { collection: "flights" } });
    expect(match("/api-docs/redoc", routes)).toEqual({ page: "api-docs", params: { view: "redoc" } });
  });

  it("decodes names, whatever they hold", () => {
    expect(match("/data/Order%20Details%2F2026", routes)?.params).toEqual({ collection: "Order Details/2026" });
    expect(match("/data/%C3%A9t%C3%A9", routes)?.params).toEqual({ collection: "été" });
  });

  it("says that there is no such page, also for an address that cannot be decoded", () => {
    expect(match("/nowhere", routes)).toBeNull();
    expect(match("/data/a/b", routes)).toBeNull();
    expect(match("/data/%E0%A4%A", routes)).toBeNull();
  });
});

import { describe, expect, it, vi } from "vitest";

vi.mock("../client", () => ({ rest: vi.fn() }));
const { portions, rowsPath, whereIs, whereKeys } = await import("./rows");

describe("whereKeys", () => {
  it("names one row, some rows, and rows whose key has several columns", () => {
    expect(rowsPath("t", whereKeys([[["id", 5]]]))).toBe("/rest/v1/t?id=eq.5");
    expect(rowsPath("t", whereKeys([[["id", 5]], [["id", "a,b"]]]))).toBe('/rest/v1/t?id=in.(5,%22a,b%22)');
    expect(rowsPath("t", whereKeys([[["a", 1], ["b", "x"]], [["a", 2], ["b", "y)"]]]))).toBe(
      "/rest/v1/t?or=(and(a.eq.%221%22,b.eq.%22x%22),and(a.eq.%222%22,b.eq.%22y)%22))",
    );
  });

  it("asks for null by name", () => {
    expect(whereIs("note", null)).toEqual(["note", "is.null"]);
    expect(whereIs("note", "")).toEqual(["note", "eq."]);
  });
});

describe("portions", () => {
  it("keeps every key once and every address short", () => {
    const keys = Array.from({ length: 5_000 }, (_, id): [string, number][] => [["id", 1_000_000 + id]]);
    const lists = portions(keys);
    expect(lists.flat()).toEqual(keys);
    for (const list of lists) expect(rowsPath("orders", whereKeys(list)).length).toBeLessThan(6_500);
    expect(portions([])).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { kindOf, layOut, numberWidth, startWidth, visibleColumns, type GridColumn } from "./columns";

const column: GridColumn = {
  name: "tailnum", label: "tailnum", kind: "text", declared: "TEXT", choices: [], maxLength: null,
  nullable: true, hasDefault: false, key: false, references: null, generated: false,
};

describe("columns", () => {
  it("takes the kind from the type, and a choice before it", () => {
    expect(kindOf("bigint", null)).toBe("integer");
    expect(kindOf("text", ["paid", "failed"])).toBe("choice");
    expect(kindOf("something new", null)).toBe("text");
  });

  it("finds the columns in view with one to spare at each side", () => {
    const layout = layOut(Array.from({ length: 100 }, () => 100), 46);
    expect(visibleColumns(layout, 0, 500)).toEqual({ first: 0, last: 5 });
    expect(visibleColumns(layout, 5_000, 500)).toEqual({ first: 49, last: 55 });
    expect(visibleColumns(layout, 1e9, 500)).toEqual({ first: 98, last: 99 });
  });

  it("gives row numbers room for the last of them", () => {
    expect([numberWidth(16), numberWidth(336_776), numberWidth(10_000_000)]).toEqual([46, 60, 74]);
  });

  it("gives room for the name and the values, within reason", () => {
    expect(startWidth(column, ["N14228"])).toBeGreaterThan(90);
    expect(startWidth(column, ["x".repeat(500)])).toBe(260);
    expect(startWidth({ ...column, label: "scheduled_departure_time" })).toBeGreaterThan(200);
  });
});

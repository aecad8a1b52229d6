import { describe, expect, it } from "vitest";
import { exportPath } from "./export-path";

describe("exportPath", () => {
  it("names table, format and view", () => {
    expect(exportPath("orders", "xlsx", "total=gte.500&order=id")).toBe("/api/exports/orders.xlsx?total=gte.500&order=id");
  });

  it("is for any name", () => {
    expect(exportPath("a/b ü?", "csv", "")).toBe("/api/exports/a%2Fb%20%C3%BC%3F.csv");
  });

  it("leaves formulas to the server, which defuses them", () => {
    expect(exportPath("orders", "csv", "")).not.toContain("formulas");
  });
});

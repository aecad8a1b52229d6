import { describe, expect, it } from "vitest";
import { addMessages, t, type Key } from ".";
import { bytes, compact, duration, when } from "./format";

addMessages({ "test.rows": { one: "{n} row in {table}", other: "{n} rows in {table}" }, "test.braces": "{a} and {b}" });

describe("t", () => {
  it("fills in values, writes numbers as the locale does and picks the plural", () => {
    expect(t("test.rows" as Key, { n: 1, table: "orders" })).toBe("1 row in orders");
    expect(t("test.rows" as Key, { n: 336776, table: "flights" })).toBe("336,776 rows in flights");
    expect(t("test.rows" as Key, { n: 0, table: "x" })).toBe("0 rows in x");
  });

  it("leaves what is inside a value alone", () => {
    expect(t("test.braces" as Key, { a: "{b}", b: "$&" })).toBe("{b} and $&");
  });
});

describe("format", () => {
  it("writes counts as the sidebar does", () => {
    expect([0, 1284, 9999, 48_210, 336_776, 6_100_000, 10_000_000].map(compact)).toEqual(["0", "1,284", "9,999", "48k", "337k", "6.1M", "10M"]);
  });

  it("writes sizes and durations with their units", () => {
    expect([0, 1, 386, 33_155_000, 1_200_000_000].map(bytes)).toEqual(["0 bytes", "1 byte", "386 bytes", "33 MB", "1.2 GB"]);
    expect([0.2, 12, 240, 7200].map(duration)).toEqual(["1 sec", "12 sec", "4 min", "2 hr"]);
  });

  it("tells times of today by how long ago they were", () => {
    const now = Date.parse("2026-11-24T12:00:00Z");
    expect(when("2026-11-24T11:59:50Z", now)).toBe("just now");
    expect(when("2026-11-24T11:30:00Z", now)).toBe("30 min. ago");
    expect(when("2026-11-20T11:30:00Z", now)).toContain("2026");
    expect(when("not a time", now)).toBe("not a time");
  });
});

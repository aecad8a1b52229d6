import { describe, expect, it } from "vitest";
import type { GridColumn, Kind } from "./columns";
import { display, editText, isRefusal, localTime, parse, same } from "./values";

function column(kind: Kind, more: Partial<GridColumn> = {}): GridColumn {
  return {
    name: "c", label: "c", kind, declared: "", choices: [], maxLength: null, nullable: true, hasDefault: false,
    key: false, references: null, generated: false, ...more,
  };
}

function value(text: string, kind: Kind, more?: Partial<GridColumn>): unknown {
  const parsed = parse(text, column(kind, more));
  return isRefusal(parsed) ? parsed.refusal : parsed.value;
}

describe("parse", () => {
  it("reads numbers as people and sheets write them", () => {
    expect(value("1,234", "integer")).toBe(1234);
    expect(value(" 42 ", "integer")).toBe(42);
    expect(value("-1 234 567.5", "number")).toBe(-1234567.5);
    expect(value("1e3", "number")).toBe(1000);
  });

  it("keeps every digit of an integer that JavaScript would round", () => {
    expect(value("9007199254740993", "integer")).toBe("9007199254740993");
    expect(value("9223372036854775808", "integer")).toBe("grid.refused.range");
  });

  it("refuses what is not of the type, before it is sent", () => {
    expect(value("abc", "integer")).toBe("grid.refused.integer");
    expect(value("1.5", "integer")).toBe("grid.refused.integer");
    expect(value("1.2.3", "number")).toBe("grid.refused.number");
    expect(value("perhaps", "boolean")).toBe("grid.refused.boolean");
    expect(value("2024-02-30", "date")).toBe("grid.refused.date");
    expect(value("2024-02-28T25:00", "timestamp")).toBe("grid.refused.timestamp");
    expect(value("{a:1}", "json")).toBe("grid.refused.json");
    expect(value("overlong", "text", { maxLength: 3 })).toBe("grid.refused.length");
    expect(value("lost", "choice", { choices: ["paid", "failed"] })).toBe("grid.refused.choice");
  });

  it("takes empty text as null where there may be one", () => {
    expect(value("", "integer")).toBeNull();
    expect(value("", "text")).toBeNull();
    expect(value("", "text", { nullable: false })).toBe("");
    expect(value("", "integer", { nullable: false })).toBe("grid.refused.empty");
  });

  it("finds a choice in any case, and words for yes and no", () => {
    expect(value("PAID", "choice", { choices: ["paid"] })).toBe("paid");
    expect([value("Yes", "boolean"), value("off", "boolean")]).toEqual([true, false]);
  });
});

describe("display", () => {
  it("keeps a cell to one line", () => {
    expect(display("two\nlines", "text")).toBe("two lines");
    expect(display({ a: [1] }, "json")).toBe('{"a":[1]}');
    expect(display(null, "text")).toBe("");
  });

  it("shows times in local time, shortly, and leaves what is no time alone", () => {
    expect(localTime("2013-01-01 05:00:00")).toBe("2013-01-01 05:00");
    expect(localTime("2013-01-01T05:00:07")).toBe("2013-01-01 05:00:07");
    expect(localTime("2013-01-01T05:00:00Z")).toMatch(/^2013-01-01 \d\d:00$|^2012-12-31 \d\d:00$/);
    expect(localTime("soon")).toBeNull();
    expect(display("soon", "timestamp")).toBe("soon");
  });

  it("edits what is stored, not what is shown", () => {
    expect(editText("2013-01-01T05:00:00Z", "timestamp")).toBe("2013-01-01T05:00:00Z");
    expect(editText("a\nb", "text")).toBe("a\nb");
  });
});

describe("same", () => {
  it("compares JSON by what it says", () => {
    expect(same({ a: [1] }, { a: [1] })).toBe(true);
    expect(same({ a: 1 }, { a: 2 })).toBe(false);
    expect(same(null, "")).toBe(false);
  });
});

import { describe, expect, it } from "vitest";
import type { GridColumn, Kind } from "./columns";
import { fromTsv, planPaste, toTsv } from "./clipboard";

function column(name: string, kind: Kind = "text", more: Partial<GridColumn> = {}): GridColumn {
  return {
    name, label: name, kind, declared: "", choices: [], maxLength: null, nullable: true, hasDefault: false,
    key: false, references: null, generated: false, ...more,
  };
}

describe("TSV", () => {
  it("goes out and comes back the same, whatever is in a cell", () => {
    const cells = [
      ["plain", "with\ttab", "two\nlines"],
      ['says "so"', "", " spaces "],
      ['"', "a,b", "\r\n"],
    ];
    expect(fromTsv(toTsv(cells))).toEqual(cells);
  });

  it("reads what spreadsheets write", () => {
    expect(fromTsv("a\tb\r\n1\t2\r\n")).toEqual([["a", "b"], ["1", "2"]]);
    expect(fromTsv("a\n\nb")).toEqual([["a"], [""], ["b"]]);
    expect(fromTsv('"x\ny"\tz')).toEqual([["x\ny", "z"]]);
    expect(fromTsv("")).toEqual([[""]]);
  });

  it("takes a quote that does not enclose as a character", () => {
    expect(fromTsv('6" pipe\t"half')).toEqual([['6" pipe', '"half']]);
    expect(fromTsv('"a" b\tc')).toEqual([['"a" b', "c"]]);
  });
});

describe("planPaste", () => {
  const columns = [column("name"), column("total", "number"), column("made", "date")];
  const target = { top: 3, bottom: 3, columns, total: 100 };

  it("checks every cell against its column", () => {
    expect(planPaste([["Ada", "12.5"], ["Kaori", "1,000"]], target, 1)).toEqual([
      { row: 3, column: columns[0], value: "Ada" },
      { row: 3, column: columns[1], value: 12.5 },
      { row: 4, column: columns[0], value: "Kaori" },
      { row: 4, column: columns[1], value: 1000 },
    ]);
  });

  it("names the first cell that does not fit and plans nothing", () => {
    expect(planPaste([["Ada", "1"], ["Kaori", "many"]], target, 1)).toMatchObject({
      refusal: "grid.refused.number", row: 4, words: { column: "total", got: "many" },
    });
  });

  it("fills the target with one value, and repeats a block that fits it", () => {
    const filled = planPaste([["x"]], { ...target, bottom: 5 }, 1);
    expect(Array.isArray(filled) && filled.map((cell) => cell.row)).toEqual([3, 4, 5]);
    const repeated = planPaste([["x"], ["y"]], { ...target, bottom: 6 }, 1);
    expect(Array.isArray(repeated) && repeated.map((cell) => cell.value)).toEqual(["x", "y", "x", "y"]);
  });

  it("is cut at the last row and the last column", () => {
    const cut = planPaste([["a", "1", "2024-01-01", "beyond"], ["b", "2", "2024-01-02", "beyond"]], { ...target, top: 99, bottom: 99 }, 1);
    expect(cut).toHaveLength(3);
  });

  it("steps over what nobody can write", () => {
    const some = planPaste([["Ada", "1"]], { ...target, columns: [column("id", "integer", { generated: true }), columns[1]!] }, 1);
    expect(some).toEqual([{ row: 3, column: columns[1], value: 1 }]);
  });
});

import { describe, expect, it } from "vitest";
import type { GridColumn, Kind } from "$lib/grid/columns";
import { searchedText, searchFor } from "./search";

function column(name: string, kind: Kind): GridColumn {
  return {
    name, label: name, kind, declared: "", choices: [], maxLength: null, nullable: true, hasDefault: false,
    key: false, references: null, generated: false,
  };
}

const columns = [column("name", "text"), column("code", "integer"), column("made", "date")];

describe("search", () => {
  it("is a filter over text columns, and over numbers when it is one", () => {
    expect(searchFor("ada", columns)?.text).toBe("(name.ilike.*ada*)");
    expect(searchFor(" 42 ", columns)?.text).toBe("(name.ilike.*42*,code.eq.42)");
    expect(searchFor("  ", columns)).toBeNull();
  });

  it("is recognised in an address, whatever was sought", () => {
    for (const text of ["ada", "42", "50%_", 'a,b "c" (d)', "back\\slash", "1.5"]) {
      expect(searchedText(searchFor(text, columns)!, columns)).toBe(text);
    }
  });

  it("does not claim a tree that somebody wrote by hand", () => {
    expect(searchedText({ parameter: "or", text: "(name.eq.a,code.eq.1)" }, columns)).toBeNull();
    expect(searchedText({ parameter: "and", text: "(name.ilike.*a*)" }, columns)).toBeNull();
  });
});

import { describe, expect, it } from "vitest";
import type { Import, ImportColumn } from "$lib/api/types";
import { addMessages } from "$lib/i18n";
import { Draft, freeName, nameFault } from "./draft.svelte";
import words from "./en.json";

addMessages(words);

function column(name: string, more: Partial<ImportColumn> = {}): ImportColumn {
  return {
    source: name,
    name,
    type: "integer",
    confidence: 1,
    reading: null,
    nulls: 0,
    null_tokens: [],
    distinct: 3,
    samples: ["1"],
    misfits: { text: 0, date: 4 },
    include: true,
    ...more,
  };
}

function file(columns: ImportColumn[], more: Partial<Import> = {}): Import {
  return {
    id: "i",
    name: "orders.csv",
    state: "ready",
    size: 10,
    job: null,
    format: "csv",
    packed: null,
    parts: [],
    part: null,
    header_row: null,
    flatten: false,
    structure: null,
    null_texts: [""],
    notes: [],
    dialect: { encoding: "utf-8", delimiter: ",", quote: '"', header: true },
    rows: 3,
    columns,
    key: columns[0]?.name ?? null,
    ragged: null,
    preview: [],
    table: "orders",
    error: null,
    recipe: null,
    outcome: null,
    ...more,
  };
}

const draft = (columns: ImportColumn[], more: Partial<Import> = {}, taken: string[] = []) => new Draft(file(columns, more), () => taken);

describe("nameFault", () => {
  it("takes names that the server takes", () => {
    expect(["orders", "Straße_2", "été", "a"].map((name) => nameFault(name, []))).toEqual([null, null, null, null]);
  });

  it("says what is wrong with the others", () => {
    for (const name of ["", "2nd", "_id", "a b", "a".repeat(64), "a-b"]) expect(nameFault(name, []), name).not.toBeNull();
    expect(nameFault("Orders", ["orders"])).toContain("Orders");
  });
});

describe("freeName", () => {
  it("counts on until a name is free", () => {
    expect(freeName("orders", [])).toBe("orders");
    expect(freeName("orders", ["Orders", "orders_2"])).toBe("orders_3");
    expect(freeName("a".repeat(63), ["a".repeat(63)])).toHaveLength(63);
  });
});

describe("Draft", () => {
  it("does not propose a table that is there, and keeps a typed name when the file is read again", () => {
    const first = draft([column("a")], {}, ["orders"]);
    expect(first.table).toBe("orders_2");
    first.table = "mine";
    expect(new Draft(file([column("b")]), () => [], first).table).toBe("mine");
    expect(new Draft(file([column("b")], { id: "another" }), () => [], first).table).toBe("orders");
  });

  it("asks for what was found when nothing was changed", () => {
    expect(draft([column("id"), column("note", { type: "text", include: false })]).toRun()).toEqual({
      table: "orders",
      columns: [
        { source: "id", name: "id", type: "integer", include: true },
        { source: "note", name: "note", type: "text", include: false },
      ],
      key: "id",
      fill_short_rows: false,
      target: "new",
      bad_rows: "refuse",
      dry_run: false,
      recipe: true,
      structure: true,
    });
  });

  it("follows the key's new name, and has none when its column is left out", () => {
    const changed = draft([column("id"), column("n")]);
    const [first] = changed.columns;
    if (!first) throw new Error("no column");
    first.name = "number";
    expect(changed.toRun().key).toBe("number");
    first.include = false;
    expect(changed.toRun().key).toBeNull();
  });

  it("takes a key of several columns from the database, in its order, as long as all of them are imported", () => {
    const structure = { primary_key: ["b", "a"], not_null: [], indexes: [], foreign_keys: [] };
    const found = draft([column("a"), column("b"), column("c")], { key: null, structure });
    expect(found.toRun().key).toEqual(["b", "a"]);
    const [first] = found.columns;
    if (!first) throw new Error("no column");
    first.include = false;
    expect(found.toRun().key).toBeNull();
  });

  it("proposes another table for another sheet", () => {
    const first = draft([column("a")], { part: "one", table: "one" });
    first.table = "mine";
    expect(new Draft(file([column("b")], { part: "two", table: "two" }), () => [], first).table).toBe("two");
  });

  it("counts the cells that a chosen type would refuse, and does not start then", () => {
    const changed = draft([column("day")]);
    expect(changed.fault).toBeNull();
    const [first] = changed.columns;
    if (!first) throw new Error("no column");
    first.type = "date";
    expect(changed.misfits).toBe(4);
    expect(changed.fault).toContain("4 cells");
    first.include = false;
    expect(changed.misfits).toBe(0);
  });

  it("names what stands in the way", () => {
    const named = draft([column("a")], {}, ["other"]);
    named.table = "OTHER";
    expect(named.fault).not.toBeNull();
    expect(draft([column("a"), column("A")]).fault).not.toBeNull();
    expect(draft([column("a", { include: false })]).fault).not.toBeNull();
    const ragged = draft([column("a")], { ragged: { short: 1, long: 0, first: [2] } });
    expect(ragged.fault).not.toBeNull();
    ragged.fillShortRows = true;
    expect(ragged.fault).toBeNull();
    expect(draft([column("a")], { ragged: { short: 0, long: 1, first: [2] } }).fault).toContain("1 row");
  });

  it("offers as keys the columns that could be one", () => {
    const offered = draft([column("id"), column("gaps", { nulls: 1 }), column("same", { distinct: 2 }), column("many", { distinct: null })]);
    expect(offered.keyCandidates.map(({ name }) => name)).toEqual(["id", "many"]);
  });
});

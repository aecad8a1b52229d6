import { describe, expect, it } from "vitest";
import { box, cellCount, collapse, inside, move, select, selectAll, selectRows, START, type Extent } from "./selection";

const extent: Extent = { rows: 336_776, columns: 19, page: 20 };

describe("selection", () => {
  it("stays inside the rows at every edge", () => {
    expect(move(START, "up", extent, false).focus).toEqual({ row: 0, column: 0 });
    expect(move(START, "left", extent, false).focus).toEqual({ row: 0, column: 0 });
    const end = move(START, "last", extent, false);
    expect(end.focus).toEqual({ row: 336_775, column: 18 });
    expect(move(end, "pageDown", extent, false).focus).toEqual(end.focus);
    expect(move(end, "right", extent, false).focus).toEqual(end.focus);
  });

  it("keeps its other corner while it is extended, and lets it go on a plain move", () => {
    const extended = move(move(select(START, { row: 5, column: 3 }, extent, false), "down", extent, true), "left", extent, true);
    expect(box(extended, 19)).toEqual({ top: 5, bottom: 6, left: 2, right: 3 });
    expect(cellCount(box(extended, 19))).toBe(4);
    expect(move(extended, "down", extent, false).anchor).toEqual({ row: 7, column: 2 });
  });

  it("takes whole rows by their numbers, and more of them with extend", () => {
    const rows = selectRows(selectRows(START, 4, extent, false), 6, extent, true);
    expect(box(rows, 19)).toEqual({ top: 4, bottom: 6, left: 0, right: 18 });
    expect(collapse(rows)).toEqual({ focus: rows.focus, anchor: rows.focus, rows: false });
  });

  it("takes everything", () => {
    expect(cellCount(box(selectAll(extent), 19))).toBe(336_776 * 19);
  });

  it("knows what is inside", () => {
    const rectangle = { top: 2, bottom: 4, left: 1, right: 1 };
    expect([inside(rectangle, 2, 1), inside(rectangle, 5, 1), inside(rectangle, 3, 0)]).toEqual([true, false, false]);
  });
});

/** The cell in focus and the rectangle that reaches from it: pure, by index. */

export interface CellPlace {
  row: number;
  column: number;
}

/** `rows`: whole rows were taken, by their numbers; the rectangle is then as wide as the grid. */
export interface Selection {
  focus: CellPlace;
  anchor: CellPlace;
  rows: boolean;
}

export interface Box {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

export interface Extent {
  rows: number;
  columns: number;
  /** Rows in a page. */
  page: number;
}

export type Move = "up" | "down" | "left" | "right" | "pageUp" | "pageDown" | "top" | "bottom" | "rowStart" | "rowEnd" | "first" | "last";

export const START: Selection = { focus: { row: 0, column: 0 }, anchor: { row: 0, column: 0 }, rows: false };

const MOVES: Record<Move, (from: CellPlace, extent: Extent) => CellPlace> = {
  up: ({ row, column }) => ({ row: row - 1, column }),
  down: ({ row, column }) => ({ row: row + 1, column }),
  left: ({ row, column }) => ({ row, column: column - 1 }),
  right: ({ row, column }) => ({ row, column: column + 1 }),
  pageUp: ({ row, column }, { page }) => ({ row: row - page, column }),
  pageDown: ({ row, column }, { page }) => ({ row: row + page, column }),
  top: ({ column }) => ({ row: 0, column }),
  bottom: ({ column }, { rows }) => ({ row: rows - 1, column }),
  rowStart: ({ row }) => ({ row, column: 0 }),
  rowEnd: ({ row }, { columns }) => ({ row, column: columns - 1 }),
  first: () => ({ row: 0, column: 0 }),
  last: (_, { rows, columns }) => ({ row: rows - 1, column: columns - 1 }),
};

export function move(selection: Selection, how: Move, extent: Extent, extend: boolean): Selection {
  return select(selection, MOVES[how](selection.focus, extent), extent, extend);
}

/** Go to a cell; with `extend` the rectangle keeps its other corner. */
export function select(selection: Selection, to: CellPlace, extent: Extent, extend: boolean): Selection {
  const focus = within(to, extent);
  return { focus, anchor: extend ? selection.anchor : focus, rows: extend && selection.rows };
}

export function selectRows(selection: Selection, row: number, extent: Extent, extend: boolean): Selection {
  const place = within({ row, column: selection.focus.column }, extent);
  return { focus: place, anchor: extend && selection.rows ? selection.anchor : place, rows: true };
}

export function selectAll(extent: Extent): Selection {
  return { focus: { row: 0, column: 0 }, anchor: within({ row: extent.rows - 1, column: extent.columns - 1 }, extent), rows: true };
}

/** Only the cell in focus. */
export function collapse(selection: Selection): Selection {
  return { focus: selection.focus, anchor: selection.focus, rows: false };
}

export function box({ focus, anchor, rows }: Selection, columns: number): Box {
  return {
    top: Math.min(focus.row, anchor.row),
    bottom: Math.max(focus.row, anchor.row),
    left: rows ? 0 : Math.min(focus.column, anchor.column),
    right: rows ? columns - 1 : Math.max(focus.column, anchor.column),
  };
}

export function inside({ top, bottom, left, right }: Box, row: number, column: number): boolean {
  return row >= top && row <= bottom && column >= left && column <= right;
}

export function cellCount({ top, bottom, left, right }: Box): number {
  return (bottom - top + 1) * (right - left + 1);
}

function within({ row, column }: CellPlace, { rows, columns }: Extent): CellPlace {
  return { row: Math.max(0, Math.min(rows - 1, row)), column: Math.max(0, Math.min(columns - 1, column)) };
}

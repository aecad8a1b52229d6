/** What a key or a paste does to the cells in the rectangle: lists of changes, checked, not yet made. */

import type { Key } from "$lib/i18n";
import { planPaste } from "./clipboard";
import type { GridColumn } from "./columns";
import type { CellChange, GridState } from "./grid.svelte";
import { editText, empty, isRefusal, same, type Row } from "./values";

/** A rectangle larger than this is refused: it would not be a change one can oversee, nor undo soon. */
export const MOST_ROWS_CHANGED = 2_000;
export const MOST_ROWS_COPIED = 10_000;

export interface Refused {
  refused: Key;
  words: Record<string, string | number>;
  /** The row of a paste that does not fit, by index. */
  row?: number;
}

export type Planned = CellChange[] | Refused;

export function isRefused(planned: Planned): planned is Refused {
  return "refused" in planned;
}

/** The cells as text, in the order they are shown. */
export function cellTexts(rows: readonly Row[], columns: readonly GridColumn[]): string[][] {
  return rows.map((row) => columns.map((column) => editText(row[column.name], column.kind)));
}

export function selectedColumns(grid: GridState): readonly GridColumn[] {
  return grid.columns.slice(grid.box.left, grid.box.right + 1);
}

function tooMany(count: number): Refused | null {
  return count > MOST_ROWS_CHANGED ? { refused: "grid.refused.many", words: { n: count, most: MOST_ROWS_CHANGED } } : null;
}

/** Delete: every cell becomes null. */
export async function clearing(grid: GridState): Promise<Planned> {
  const { top, bottom } = grid.box;
  const columns = selectedColumns(grid).filter((column) => !column.generated);
  for (const column of columns) {
    const nothing = empty(column);
    if (isRefusal(nothing)) return { refused: nothing.refusal, words: nothing.words };
  }
  const refused = tooMany(bottom - top + 1);
  if (refused) return refused;
  const rows = await grid.rows.read(top, bottom);
  return different(rows.flatMap((row, down) => columns.map((column) => ({ index: top + down, row, column, value: null }))));
}

/** Ctrl D: the first row of the rectangle is written into the others; of a single row, the one above into it. */
export async function fillingDown(grid: GridState): Promise<Planned> {
  const { top, bottom } = grid.box;
  const source = top === bottom ? top - 1 : top;
  if (source < 0) return [];
  const refused = tooMany(bottom - source);
  if (refused) return refused;
  const columns = selectedColumns(grid).filter((column) => !column.generated);
  const [first, ...rest] = await grid.rows.read(source, bottom);
  if (!first) return [];
  return different(
    rest.flatMap((row, down) => columns.map((column) => ({ index: source + 1 + down, row, column, value: first[column.name] ?? null }))),
  );
}

/** Ctrl V: cells of a sheet or of the grid, from the top left corner of the rectangle. */
export async function pasting(grid: GridState, cells: readonly (readonly string[])[]): Promise<Planned> {
  const { top, bottom, left, right } = grid.box;
  const refused = tooMany(Math.max(cells.length, bottom - top + 1));
  if (refused) return refused;
  const target = { top, bottom, columns: grid.columns.slice(left), total: grid.total };
  const planned = planPaste(cells, target, right - left + 1);
  if (!Array.isArray(planned)) return { refused: planned.refusal, words: planned.words, row: planned.row };
  const last = planned.at(-1);
  if (!last) return [];
  const rows = await grid.rows.read(top, last.row);
  return different(planned.flatMap(({ row: index, column, value }) => (rows[index - top] ? [{ index, row: rows[index - top]!, column, value }] : [])));
}

/** Only what changes anything is written. */
function different(changes: CellChange[]): CellChange[] {
  return changes.filter(({ row, column, value }) => !same(row[column.name], value));
}

import type { ImportColumn } from "$lib/api/types";

const NARROWEST = 148;
const WIDEST = 280;
const LETTER = 7.2;
const PADDING = 26;

/** How wide a column is drawn, in px: its longest cell of the preview, within bounds; the name has room beside its box. */
export function widthOf(column: ImportColumn, preview: readonly (string | null)[][], index: number): number {
  const longest = preview.reduce((most, row) => Math.max(most, row[index]?.length ?? 0), 0);
  const wanted = Math.max(longest * LETTER + PADDING, column.name.length * LETTER + PADDING + 36);
  return Math.round(Math.min(WIDEST, Math.max(NARROWEST, wanted)));
}

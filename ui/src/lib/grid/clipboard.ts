/** Blocks of cells as TSV, the way every spreadsheet writes and reads them, and a paste checked before it is sent. */

import type { GridColumn } from "./columns";
import { isRefusal, parse, type Refusal, type Value } from "./values";

/** Fields with a tab, a line break or a quote are quoted, quotes inside doubled. */
export function toTsv(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => row.map(quoted).join("\t")).join("\n");
}

function quoted(text: string): string {
  return /["\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A quote opens a field only at its start, as in sheets; a line break at the very end is not another row. */
export function fromTsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at <= text.length) {
    const field = readField(text, at);
    row.push(field.text);
    at = field.end;
    if (text[at] === "\t") {
      at += 1;
      continue;
    }
    rows.push(row);
    row = [];
    if (at >= text.length) break;
    at += text.startsWith("\r\n", at) ? 2 : 1;
    if (at >= text.length) break;
  }
  return rows;
}

function readField(text: string, start: number): { text: string; end: number } {
  if (text[start] === '"') {
    const field = readQuoted(text, start);
    if (field) return field;
  }
  let end = start;
  while (end < text.length && text[end] !== "\t" && text[end] !== "\n" && text[end] !== "\r") end++;
  return { text: text.slice(start, end), end };
}

/** Null when the quote never closes before a separator: then it was only a character. */
function readQuoted(text: string, start: number): { text: string; end: number } | null {
  let content = "";
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return null;
    content += text.slice(at, quote);
    if (text[quote + 1] === '"') {
      content += '"';
      at = quote + 2;
      continue;
    }
    const after = text[quote + 1];
    const closes = after === undefined || after === "\t" || after === "\n" || after === "\r";
    return closes ? { text: content, end: quote + 1 } : null;
  }
}

export interface PastedCell {
  row: number;
  column: GridColumn;
  value: Value;
}

export interface PasteRefusal extends Refusal {
  row: number;
}

/** Where a paste lands: rows by index, columns in the order they are shown. */
export interface PasteTarget {
  top: number;
  bottom: number;
  columns: readonly GridColumn[];
  /** Rows there are; a paste is cut at the last. */
  total: number;
}

/**
 * The cells that a paste writes, or the first that does not fit: a paste is one change, wholly or not at all.
 * One value fills the whole target; a block smaller than the target is repeated where it fits a whole number of times.
 */
export function planPaste(cells: readonly (readonly string[])[], target: PasteTarget, columnsSelected: number): PastedCell[] | PasteRefusal {
  const height = repeat(cells.length, target.bottom - target.top + 1);
  const width = repeat(cells[0]?.length ?? 0, columnsSelected);
  const planned: PastedCell[] = [];
  for (let down = 0; down < height && target.top + down < target.total; down++) {
    const source = cells[down % cells.length]!;
    for (let across = 0; across < width && across < target.columns.length; across++) {
      const column = target.columns[across]!;
      const text = source[across % source.length];
      if (text === undefined || column.generated) continue;
      const parsed = parse(text, column);
      if (isRefusal(parsed)) return { ...parsed, row: target.top + down };
      planned.push({ row: target.top + down, column, value: parsed.value });
    }
  }
  return planned;
}

function repeat(size: number, selected: number): number {
  return size > 0 && selected > size && selected % size === 0 ? selected : size;
}

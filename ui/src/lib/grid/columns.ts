/** What the grid knows of a column, and where columns stand. */

/** What a column holds, as far as showing and editing it differ. */
export type Kind = "text" | "integer" | "number" | "boolean" | "date" | "timestamp" | "choice" | "json" | "bytes";

export interface GridColumn {
  name: string;
  label: string;
  kind: Kind;
  /** The declared type, for the tooltip. */
  declared: string;
  /** Only with kind `choice`. */
  choices: readonly string[];
  maxLength: number | null;
  nullable: boolean;
  hasDefault: boolean;
  /** Part of the primary key. */
  key: boolean;
  /** Where a foreign key leads. */
  references: { table: string; column: string } | null;
  /** Nobody can write it: a generated column. */
  generated: boolean;
}

export const MIN_WIDTH = 48;
const MAX_START_WIDTH = 260;

const KINDS: Record<string, Kind> = {
  bigint: "integer",
  "double precision": "number",
  numeric: "number",
  boolean: "boolean",
  date: "date",
  timestamp: "timestamp",
  jsonb: "json",
  bytea: "bytes",
};

/** The kind of a column of dialect type `type`; a list of choices counts more than the type. */
export function kindOf(type: string, choices: readonly string[] | null): Kind {
  return choices?.length ? "choice" : (KINDS[type] ?? "text");
}

export function isNumeric(kind: Kind): boolean {
  return kind === "integer" || kind === "number";
}

const START_WIDTHS: Partial<Record<Kind, number>> = { boolean: 84, date: 108, timestamp: 152, integer: 84, number: 96, json: 200 };
const LETTER = 7.4;
const DIGIT = 8.4;
const HEAD_LETTER = 7.4;
const CELL_ROOM = 26;
const PILL_ROOM = 48;
/** Padding, type icon, the place of the sort arrow. */
const HEAD_ROOM = 62;

/** The width before anyone has dragged it, in px: room for the name and for values of its kind. */
export function startWidth(column: GridColumn, samples: readonly string[] = []): number {
  const longest = samples.reduce((length, sample) => Math.max(length, sample.length), 0);
  const letter = isNumeric(column.kind) ? DIGIT : LETTER;
  const forValues = samples.length ? longest * letter + (column.kind === "choice" ? PILL_ROOM : CELL_ROOM) : (START_WIDTHS[column.kind] ?? 150);
  const forName = column.label.length * HEAD_LETTER + HEAD_ROOM;
  return Math.round(Math.min(MAX_START_WIDTH, Math.max(forName, forValues, START_WIDTHS[column.kind] ?? 72)));
}

/** The width of the row numbers, in px: room for the last of them. */
export function numberWidth(rows: number): number {
  return Math.max(46, rows.toString().length * 7 + 18);
}

export interface ColumnLayout {
  /** Where the first column begins: after the row number. */
  start: number;
  /** Left edge of each column, in px from the left of the row. */
  lefts: number[];
  widths: readonly number[];
  total: number;
}

export function layOut(widths: readonly number[], start: number): ColumnLayout {
  const lefts: number[] = [];
  let left = start;
  for (const width of widths) {
    lefts.push(left);
    left += width;
  }
  return { start, lefts, widths, total: left };
}

/** First and last column that can be seen, and one more at each side so that a small move shows no gap. */
export function visibleColumns(layout: ColumnLayout, scrollLeft: number, viewport: number): { first: number; last: number } {
  const count = layout.lefts.length;
  const edge = scrollLeft + layout.start;
  let first = 0;
  while (first < count - 1 && layout.lefts[first]! + layout.widths[first]! <= edge) first++;
  let last = first;
  while (last < count - 1 && layout.lefts[last + 1]! < scrollLeft + viewport) last++;
  return { first: Math.max(0, first - 1), last: Math.min(count - 1, last + 1) };
}

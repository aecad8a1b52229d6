/** The API's columns as the grid knows them, and the widths that were dragged. */

import type { CollectionDetail, Column } from "$lib/api/types";
import { kindOf, type GridColumn } from "$lib/grid/columns";

export function gridColumns(collection: CollectionDetail): GridColumn[] {
  return collection.columns.map(gridColumn);
}

function gridColumn(column: Column): GridColumn {
  return {
    name: column.name,
    label: column.label || column.name,
    kind: kindOf(column.type, column.choices),
    declared: column.declared,
    choices: column.choices ?? [],
    maxLength: column.max_length,
    nullable: !column.not_null && column.key === 0,
    hasDefault: column.default !== null,
    key: column.key > 0,
    references: column.references,
    generated: column.generated,
  };
}

/** SQLite gives a number by itself to the one INTEGER column that is the whole key. */
export function isNumbered(column: GridColumn, collection: CollectionDetail): boolean {
  return column.key && collection.primary_key.length === 1 && /^integer$/i.test(column.declared);
}

/** The one column of the key, when it holds integers. */
export function numberingColumn(columns: readonly GridColumn[]): string | null {
  const keys = columns.filter((column) => column.key);
  return keys.length === 1 && keys[0]!.kind === "integer" ? keys[0]!.name : null;
}

/** The columns shown, in the order of the view; names that are no columns are passed over. */
export function shownColumns(columns: readonly GridColumn[], names: readonly string[] | null): GridColumn[] {
  if (names === null) return [...columns];
  const found = names.flatMap((name) => columns.find((column) => column.name === name) ?? []);
  return found.length ? found : [...columns];
}

/** How wide the names stand beside the values of one row: as the longest needs, within reason. */
export function nameWidth(columns: readonly GridColumn[]): string {
  const longest = Math.max(...columns.map((column) => column.label.length));
  return `${Math.round(Math.min(148, Math.max(104, longest * 6.9 + 30)))}px`;
}

type Widths = Record<string, number>;

function place(table: string): string {
  return `rolltop.widths.${table}`;
}

export function rememberedWidths(table: string): Widths {
  try {
    return JSON.parse(localStorage.getItem(place(table)) ?? "{}") as Widths;
  } catch {
    return {};
  }
}

export function rememberWidths(table: string, widths: Widths): void {
  localStorage.setItem(place(table), JSON.stringify(widths));
}

/** Many rows with a value each, in one request and so one transaction: wholly or not at all. */

import { fetchRows, portions, upsertRows, whereKeys } from "$lib/api/queries/rows";
import type { GridColumn } from "$lib/grid/columns";
import type { Row } from "$lib/grid/values";
import type { TableRows } from "./rows.svelte";

/** From so many rows on, one request is worth reading the rows first. */
export const MANY = 20;

/** The rows as the server has them now, by identity; those that are gone are missing. */
export async function readNow(table: TableRows, rows: readonly Row[]): Promise<Map<string, Row>> {
  const parts = portions(rows.map((row) => table.keyOf(row)));
  const lists = await Promise.all(parts.map((part) => fetchRows(table.table, whereKeys(part), new AbortController().signal)));
  return new Map(lists.flat().map((row) => [table.identity(row), row]));
}

/**
 * Write `values[n]` into `now[n]`. An upsert writes all columns that it names, so each row is sent with what it holds
 * in the columns that others change, and in those that must not be null: the insert half of the upsert is checked too.
 */
export async function writeTogether(table: TableRows, columns: readonly GridColumn[], now: readonly Row[], values: readonly Row[]): Promise<Row[]> {
  const changed = values.flatMap((row) => Object.keys(row));
  const needed = columns.filter((column) => !column.nullable && !column.hasDefault && !column.generated).map((column) => column.name);
  const names = [...new Set([...table.primaryKey, ...needed, ...changed])];
  const rows = now.map((row, place) => ({ ...Object.fromEntries(names.map((name) => [name, row[name] ?? null])), ...values[place] }));
  return upsertRows(table.table, names, rows);
}

/** Rows over the rows API: a page of a view, its count, and writes by key. Row values keep all their digits. */

import { fieldOf, writeCondition, writeList } from "$lib/grid/filters";
import { parseRows } from "$lib/grid/exact";
import { queryText, type Parameters } from "$lib/grid/view";
import type { Row, Value } from "$lib/grid/values";
import { rest } from "../client";

/** The key columns of a row and their values; what tells it from all others. */
export type RowKey = [name: string, value: Value][];

export function rowsPath(table: string, parameters: Parameters = []): string {
  const query = queryText(parameters);
  return `/rest/v1/${encodeURIComponent(table)}${query ? `?${query}` : ""}`;
}

export async function fetchRows(table: string, parameters: Parameters, signal: AbortSignal): Promise<Row[]> {
  return read(await rest(rowsPath(table, parameters), { signal }));
}

/** The first and the last value of an integer column; null when there is none. */
export async function fetchSpan(table: string, column: string, signal: AbortSignal): Promise<{ first: number; last: number } | null> {
  const field = fieldOf(column);
  const end = (order: string) => fetchRows(table, [["select", field], ["order", order], ["limit", "1"]], signal);
  const [[first], [last]] = await Promise.all([end(field), end(`${field}.desc`)]);
  const values = [first?.[column], last?.[column]];
  return values.every(Number.isSafeInteger) ? { first: values[0] as number, last: values[1] as number } : null;
}

/** How many rows the conditions leave. */
export async function countRows(table: string, conditions: Parameters, signal: AbortSignal): Promise<number> {
  // Not HEAD: a refusal would come without its reason.
  const response = await rest(rowsPath(table, [...conditions, ["limit", "1"]]), { headers: { Prefer: "count=exact" }, signal });
  return Number(response.headers.get("Content-Range")?.split("/")[1] ?? 0);
}

/** Write `values` into the rows that `where` leaves; the rows as they are then. */
export async function updateRows(table: string, where: Parameters, values: Row): Promise<Row[]> {
  return write("PATCH", rowsPath(table, where), values);
}

/** Add rows, all or none; the rows as they are then, defaults and generated values included. */
export async function insertRows(table: string, rows: Row[]): Promise<Row[]> {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const parameters: Parameters = rows.length > 1 ? [["columns", columns.map(fieldOf).join(",")]] : [];
  return write("POST", rowsPath(table, parameters), rows.length === 1 ? rows[0]! : rows);
}

/** Write these columns of rows that are there, told by their key, in one transaction; the rows as they are then. */
export async function upsertRows(table: string, columns: readonly string[], rows: Row[]): Promise<Row[]> {
  return write("POST", rowsPath(table, [["columns", columns.map(fieldOf).join(",")]]), rows, "resolution=merge-duplicates");
}

/** Delete the rows that `where` leaves; the rows as they were. */
export async function deleteRows(table: string, where: Parameters): Promise<Row[]> {
  return write("DELETE", rowsPath(table, where), undefined);
}

async function write(method: string, path: string, body: unknown, ...prefer: string[]): Promise<Row[]> {
  const headers: Record<string, string> = { Prefer: ["return=representation", ...prefer].join(", ") };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return read(await rest(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }));
}

async function read(response: Response): Promise<Row[]> {
  return parseRows(await response.text());
}

/** The filter that names exactly these rows: `id=in.(1,2)`, and for keys of several columns `or=(and(a.eq.1,b.eq.2),…)`. */
export function whereKeys(keys: readonly RowKey[]): Parameters {
  const [first] = keys;
  if (!first) return [];
  if (keys.length === 1) return first.map(([name, value]) => whereIs(name, value));
  if (first.length === 1) return [writeCondition({ field: fieldOf(first[0]![0]), negated: false, operator: "in", value: writeList(keys.map((key) => text(key[0]![1]))) })];
  return [["or", `(${keys.map((key) => `and(${key.map(([name, value]) => `${fieldOf(name)}.eq.${quoted(text(value))}`).join(",")})`).join(",")})`]];
}

/** A column has this very value, null included. */
export function whereIs(name: string, value: Value): [string, string] {
  const operator = value === null ? "is" : "eq";
  return writeCondition({ field: fieldOf(name), negated: false, operator, value: value === null ? "null" : text(value) });
}

function text(value: Value): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function quoted(value: string): string {
  return `"${value.replace(/[\\"]/g, "\\$&")}"`;
}

/** Keys in portions whose address stays short enough for every server and proxy on the way. */
export function portions(keys: readonly RowKey[]): RowKey[][] {
  const lists: RowKey[][] = [];
  let length = Infinity;
  for (const key of keys) {
    const size = key.reduce((sum, [name, value]) => sum + encodeURIComponent(text(value)).length + name.length * Math.min(1, key.length - 1) + 12, 2);
    if (length + size > 6_000) {
      lists.push([]);
      length = 0;
    }
    lists.at(-1)!.push(key);
    length += size;
  }
  return lists;
}

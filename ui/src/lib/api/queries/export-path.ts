/** Which files there are of rows, and where. */

export const FORMATS = ["csv", "xlsx", "json", "parquet", "sqlite"] as const;
export type Format = (typeof FORMATS)[number];

/** The address of a table's rows as a file; `query` is that of the rows API. Formulas in CSV are defused, unasked. */
export function exportPath(table: string, format: Format, query: string): string {
  return `/api/exports/${encodeURIComponent(table)}.${format}${query ? `?${query}` : ""}`;
}

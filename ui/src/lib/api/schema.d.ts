export interface paths {
  "/api/me": { get: Get<components["schemas"]["Me"]> };
  "/api/status": { get: Get<components["schemas"]["Status"]> };
  "/api/collections": { get: Get<components["schemas"]["Collection"][]> };
  "/api/collections/{name}": {
    get: Get<components["schemas"]["CollectionDetail"], { name: string }>;
    delete: Get<undefined, { name: string }>;
  };
  "/api/jobs": { get: Get<components["schemas"]["Job"][]> };
  "/api/jobs/{id}": { get: Get<components["schemas"]["Job"], { id: string }> };
  "/api/jobs/{id}/cancel": { post: Get<components["schemas"]["Job"], { id: string }> };
  "/api/imports": { get: Get<components["schemas"]["Import"][]> };
  "/api/imports/{id}": {
    get: Get<components["schemas"]["Import"], { id: string }>;
    delete: Get<undefined, { id: string }>;
  };
  "/api/imports/{id}/dialect": { put: Get<components["schemas"]["Import"], { id: string }, components["schemas"]["DialectChange"]> };
  "/api/imports/{id}/run": { post: Get<components["schemas"]["Job"], { id: string }, components["schemas"]["ImportRun"]> };
  "/api/desktop/ready": { post: Get<undefined, undefined, components["schemas"]["PageReport"]> };
  "/api/desktop/pick-import": { post: Get<components["schemas"]["Import"] | undefined> };
}
interface Get<T, P = undefined, B = undefined> {
  parameters: P extends undefined ? { path?: never } : { path: P };
  requestBody?: B extends undefined ? never : { content: { "application/json": B } };
  responses: { 200: { content: { "application/json": T } } };
}
export interface components {
  schemas: {
    Me: { id: string; name: string; role: string };
    Status: {
      version: string; url: string; pid: number; mode: "desktop" | "serve"; workspace: { name: string; path: string };
      data: { path: string; size: number; sqlite_version: string; in_place: boolean }; started: string; desktop: boolean;
    };
    Collection: { name: string; kind: "table" | "view"; label: string; rows: number | null; columns: number; writable: boolean };
    Column: {
      name: string; label: string; type: string; declared: string; not_null: boolean; default: string | null; generated: boolean; key: number;
      choices: string[] | null; max_length: number | null; references: { table: string; column: string } | null; unique: boolean;
    };
    CollectionDetail: {
      name: string; kind: "table" | "view"; label: string; rows: number | null; writable: boolean;
      columns: components["schemas"]["Column"][]; primary_key: string[];
    };
    Job: {
      id: string; kind: string; title: string; state: "queued" | "running" | "done" | "failed" | "cancelled" | "interrupted";
      progress: { done: number; total: number | null; unit: string; rate: number | null; eta_seconds: number | null };
      error: { code: string; message: string; details: string | null; hint: string | null } | null;
      result: Record<string, unknown> | null; created: string; started: string | null; ended: string | null;
    };
    Dialect: { encoding: "utf-8" | "utf-8-sig" | "utf-16" | "cp1252" | "latin-1"; delimiter: string; quote: string | null; header: boolean };
    DialectChange: { encoding?: "utf-8" | "utf-8-sig" | "utf-16" | "cp1252" | "latin-1" | null; delimiter?: string | null; quote?: string | null; header?: boolean | null };
    ImportColumn: {
      source: string; name: string; type: "boolean" | "integer" | "real" | "decimal" | "date" | "timestamp" | "time" | "uuid" | "json" | "text";
      confidence: number; reading: string | null; nulls: number; null_tokens: string[]; distinct: number | null; samples: string[];
      misfits: Record<string, number>; include: boolean;
    };
    Import: {
      id: string; name: string; state: "scanning" | "ready" | "loading" | "done" | "failed" | "cancelled"; size: number; job: string | null;
      dialect: components["schemas"]["Dialect"] | null; rows: number | null; columns: components["schemas"]["ImportColumn"][]; key: string | null;
      ragged: { short: number; long: number; first: number[] } | null; preview: string[][]; table: string; error: components["schemas"]["Job"]["error"];
    };
    ImportRun: {
      table?: string | null; columns?: { source: string; name?: string | null; type?: components["schemas"]["ImportColumn"]["type"] | null; include?: boolean }[] | null;
      key?: string | null; fill_short_rows?: boolean;
    };
    PageReport: { title: string; user: string; painted: boolean };
  };
}

/** Short names for the server's types. They come from the generated schema; nothing is written twice. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Me = Schemas["Me"];
export type Status = Schemas["Status"];
export type Collection = Schemas["Collection"];
export type CollectionDetail = Schemas["CollectionDetail"];
export type Column = Schemas["Column"];
export type Job = Schemas["Job"];

/** What each kind of event says. `reset`: something was missed, refetch what is visible. */
export interface EventMap {
  hello: Schemas["HelloEvent"];
  rows: Schemas["RowsEvent"];
  schema: Schemas["SchemaEvent"];
  job: Schemas["JobEvent"];
  query: Schemas["QueryEvent"];
  import: Schemas["ImportEvent"];
  reset: Schemas["ResetEvent"];
}
export type Import = Schemas["Import"];
export type ImportColumn = Schemas["ImportColumn"];
export type ImportRun = Schemas["ImportRun"];
export type Dialect = Schemas["Dialect"];
export type DialectChange = Schemas["DialectChange"];

/**
 * What is on the screen, as code that runs as copied: curl, Python with `rolltop`'s own client, JavaScript with
 * postgrest-js (the half of supabase-js that reads and writes rows). Pure, so that tests can run what it writes.
 */

import { fieldOf, isGroup, isTaken, readList, writeCondition, type Condition, type Filter } from "./grid/filters";
import { queryText, readView, type OrderTerm, type Parameters, type View } from "./grid/view";

export type Language = "python" | "javascript" | "curl";

export const LANGUAGES: readonly Language[] = ["python", "javascript", "curl"];

export interface Place {
  /** `http://127.0.0.1:8377` */
  url: string;
  table: string;
  /** The workspace's folder, when it is not the one that is opened without being named. */
  workspace: string | null;
}

/** A row by its key, with the values as the API gives them. */
export type Key = [name: string, value: string | number | boolean][];

/** The rows of a view. `parameters` are the request's own; `limit` says how many rows are asked for. */
export function viewSnippet(language: Language, place: Place, parameters: Parameters, limit: number): string {
  const view = readView(parameters);
  switch (language) {
    case "curl":
      return curl(place, [...parameters, ["limit", String(limit)]], []);
    case "python":
      return `${pythonStart(place)}rows = ${pythonChain([...pythonRead(place, view), `limit(${limit})`, "execute()", "data"])}\nprint(rows)\n`;
    case "javascript":
      return `${javascriptStart(place)}const { data, error } = await ${javascriptChain([...javascriptRead(place, view), `limit(${limit})`])};\nif (error) throw error;\nconsole.log(data);\n`;
  }
}

/** One row, and how one value of it is changed. */
export function rowSnippet(language: Language, place: Place, key: Key, change: [name: string, value: unknown] | null): string {
  switch (language) {
    case "curl":
      return curlRow(place, key, change);
    case "python":
      return pythonRow(place, key, change);
    case "javascript":
      return javascriptRow(place, key, change);
  }
}

// --- curl -------------------------------------------------------------------------------------------------------------

function curl(place: Place, parameters: Parameters, options: string[]): string {
  const address = `${place.url}/rest/v1/${encodeURIComponent(place.table).replaceAll("'", "%27")}?${queryText(parameters)}`;
  const workspace = place.workspace === null ? "" : ` --workspace ${shell(place.workspace)}`;
  return ["curl " + shell(address), `-H "Authorization: Bearer $(rolltop token${workspace})"`, ...options].join(" \\\n  ") + "\n";
}

function curlRow(place: Place, key: Key, change: [string, unknown] | null): string {
  const parameters = keyParameters(key);
  const read = curl(place, parameters, []);
  if (!change) return read;
  const body = JSON.stringify({ [change[0]]: change[1] });
  return `${read}\n${curl(place, parameters, ["-X PATCH", '-H "Content-Type: application/json"', `-d ${shell(body)}`])}`;
}

function keyParameters(key: Key): Parameters {
  return key.map(([name, value]) => writeCondition(keyFilter(name, value)));
}

function shell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

// --- Python -----------------------------------------------------------------------------------------------------------

const COMPARISONS = new Set(["eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike"]);

function pythonStart({ workspace }: Place): string {
  return `from rolltop import connect\n\ndb = connect(${workspace === null ? "" : JSON.stringify(workspace)})\n`;
}

function pythonChain(calls: string[]): string {
  const lines = `db.${calls.join("\n    .")}`.replace(".execute()\n    .data", ".execute().data");
  return `(\n    ${lines}\n)`;
}

function pythonRead(place: Place, view: View): string[] {
  return [
    `from_(${JSON.stringify(place.table)})`,
    `select(${JSON.stringify(columnsText(view))})`,
    ...view.conditions.map(pythonCondition),
    ...view.order.map(pythonOrder),
  ];
}

function pythonCondition(condition: Condition): string {
  const group = asGroup(condition);
  if (group !== null) return `or_(${JSON.stringify(group)})`;
  const { field, negated, operator, value } = condition as Filter;
  const not = negated ? "not_." : "";
  const name = JSON.stringify(field);
  if (operator === "is") return `${not}is_(${name}, ${JSON.stringify(value)})`;
  if (operator === "in" && isSimpleList(value)) return `${not}in_(${name}, ${listText(value)})`;
  if (COMPARISONS.has(operator)) return `${not}${operator}(${name}, ${literal(value, operator)})`;
  return `${not}filter(${name}, ${JSON.stringify(operator)}, ${JSON.stringify(value)})`;
}

function pythonOrder({ field, descending, nulls }: OrderTerm): string {
  const options = (descending ? ", desc=True" : "") + (nulls ? `, nullsfirst=${nulls === "first" ? "True" : "False"}` : "");
  return `order(${JSON.stringify(field)}${options})`;
}

function pythonRow(place: Place, key: Key, change: [string, unknown] | null): string {
  const table = `from_(${JSON.stringify(place.table)})`;
  const which = key.map(([name, value]) => pythonCondition(keyFilter(name, value)));
  const read = `${pythonStart(place)}row = ${pythonChain([table, 'select("*")', ...which, "single()", "execute()", "data"])}\nprint(row)\n`;
  if (!change) return read;
  const update = `update({${JSON.stringify(change[0])}: ${pythonValue(change[1])}})`;
  return `${read}\n${pythonChain([table, update, ...which, "execute()"])}\n`;
}

function pythonValue(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(pythonValue).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}: ${pythonValue(inner)}`).join(", ")}}`;
  }
  return JSON.stringify(value);
}

// --- JavaScript -------------------------------------------------------------------------------------------------------

function javascriptStart({ url, workspace }: Place): string {
  const words = ["token", ...(workspace === null ? [] : ["--workspace", workspace])].map((word) => JSON.stringify(word));
  return `import { execFileSync } from "node:child_process";
import { PostgrestClient } from "@supabase/postgrest-js";

const token = execFileSync("rolltop", [${words.join(", ")}], { encoding: "utf8" }).trim();
const db = new PostgrestClient(${JSON.stringify(`${url}/rest/v1`)}, {
  headers: { Authorization: \`Bearer \${token}\` },
});

`;
}

function javascriptChain(calls: string[]): string {
  return calls.length <= 3 ? `db.${calls.join(".")}` : `db\n  .${calls.join("\n  .")}`;
}

function javascriptRead(place: Place, view: View): string[] {
  return [
    `from(${JSON.stringify(encodeURIComponent(place.table))})`,
    `select(${JSON.stringify(columnsText(view))})`,
    ...view.conditions.map(javascriptCondition),
    ...view.order.map(javascriptOrder),
  ];
}

function javascriptCondition(condition: Condition): string {
  const group = asGroup(condition);
  if (group !== null) return `or(${JSON.stringify(group)})`;
  const { field, negated, operator, value } = condition as Filter;
  const name = JSON.stringify(field);
  if (negated) return `not(${name}, ${JSON.stringify(operator)}, ${JSON.stringify(value)})`;
  if (operator === "is") return `is(${name}, ${/^(null|true|false)$/.test(value) ? value : JSON.stringify(value)})`;
  if (operator === "in" && isSimpleList(value)) return `in(${name}, ${listText(value)})`;
  if (COMPARISONS.has(operator)) return `${operator}(${name}, ${literal(value, operator)})`;
  return `filter(${name}, ${JSON.stringify(operator)}, ${JSON.stringify(value)})`;
}

function javascriptOrder({ field, descending, nulls }: OrderTerm): string {
  const options = [descending ? "ascending: false" : "", nulls ? `nullsFirst: ${nulls === "first"}` : ""].filter(Boolean).join(", ");
  return `order(${JSON.stringify(field)}${options ? `, { ${options} }` : ""})`;
}

function javascriptRow(place: Place, key: Key, change: [string, unknown] | null): string {
  const table = `from(${JSON.stringify(encodeURIComponent(place.table))})`;
  const which = key.map(([name, value]) => javascriptCondition(keyFilter(name, value)));
  const chain = javascriptChain([table, 'select("*")', ...which, "single()"]);
  const read = `${javascriptStart(place)}const { data: row, error } = await ${chain};\nif (error) throw error;\nconsole.log(row);\n`;
  if (!change) return read;
  return `${read}\nawait ${javascriptChain([table, `update(${JSON.stringify({ [change[0]]: change[1] })})`, ...which, "throwOnError()"])};\n`;
}

// --- both clients -----------------------------------------------------------------------------------------------------

function keyFilter(name: string, value: string | number | boolean): Filter {
  return { field: fieldOf(name), negated: false, operator: "eq", value: String(value) };
}

function columnsText(view: View): string {
  return view.columns ? view.columns.map(fieldOf).join(",") : "*";
}

/** What the clients have no method for goes as a logic tree: groups, and names they would quote once more. */
function asGroup(condition: Condition): string | null {
  if (isGroup(condition)) return condition.parameter === "or" ? condition.text.replace(/^\(([\s\S]*)\)$/, "$1") : condition.parameter + condition.text;
  const { field, negated, operator, value } = condition;
  if (!field.startsWith('"') && !isTaken(field)) return null;
  const quoted = operator !== "in" && /[,()"\\]/.test(value) ? JSON.stringify(value) : value;
  return `${field}.${negated ? "not." : ""}${operator}.${quoted}`;
}

function isSimpleList(value: string): boolean {
  return readList(value).every((element) => element !== "" && element.trim() === element && !/["\\]/.test(element));
}

function listText(value: string): string {
  return `[${readList(value).map((element) => literal(element, "eq")).join(", ")}]`;
}

/** A number as a number when nothing of it is lost. */
function literal(value: string, operator: string): string {
  const isNumber = !operator.endsWith("like") && /^-?\d+(\.\d+)?$/.test(value) && String(Number(value)) === value;
  return isNumber && (!/^-?\d+$/.test(value) || Number.isSafeInteger(Number(value))) ? value : JSON.stringify(value);
}

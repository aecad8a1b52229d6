/**
 * A filter as the rows API spells it (`total=gte.20`), and as a person says it ("total at least 20").
 * The address of the page, its request and its snippets carry the first; chips show the second.
 */

import type { Kind } from "./columns";

/** `field=[not.]operator.value`; the field as spelled, quotes and JSON path included. */
export interface Filter {
  field: string;
  negated: boolean;
  operator: string;
  value: string;
}

/** A logic tree, kept as its text: `or=(a.eq.1,b.is.null)`. */
export interface Group {
  parameter: string;
  text: string;
}

export type Condition = Filter | Group;

export function isGroup(condition: Condition): condition is Group {
  return "parameter" in condition;
}

/** Words the API or the page's own address use as parameters; a column called so is filtered through a group. */
const TAKEN = new Set(["select", "columns", "on_conflict", "order", "limit", "offset", "and", "or", "row", "tab", "apikey"]);
const GROUP = /^(?:not\.)?(?:and|or)$/;
const PLAIN_NAME = /^[\p{L}\d_$]+(?:-[\p{L}\d_$]+)*$/u;
const CONDITION = /^(not\.)?([a-z]+(?:\([^)]*\))?)\.([\s\S]*)$/;

export function isTaken(field: string): boolean {
  return TAKEN.has(field);
}

/** A column's name as a field: quoted when it holds what the grammar uses itself. */
export function fieldOf(name: string): string {
  return PLAIN_NAME.test(name) ? name : quote(name);
}

export function nameOf(field: string): string {
  return field.startsWith('"') && field.endsWith('"') ? field.slice(1, -1).replace(/\\(.)/g, "$1") : field;
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

/** Null for a parameter that is no filter. */
export function readCondition(key: string, value: string): Condition | null {
  if (GROUP.test(key)) return readSingle(key, value) ?? { parameter: key, text: value };
  if (TAKEN.has(key)) return null;
  const form = CONDITION.exec(value);
  return form && { field: key, negated: form[1] !== undefined, operator: form[2]!, value: form[3]! };
}

/** `and=(order.eq.5)`: how a filter on a column with a taken name is spelled. */
function readSingle(key: string, value: string): Filter | null {
  const form = /^\(([\w$]+)\.([\s\S]*)\)$/.exec(value);
  if (key !== "and" || !form || !TAKEN.has(form[1]!)) return null;
  const condition = CONDITION.exec(form[2]!);
  if (!condition || splitOutside(form[2]!, ",").length > 1) return null;
  return { field: form[1]!, negated: condition[1] !== undefined, operator: condition[2]!, value: unquoteValue(condition[3]!) };
}

export function writeCondition(condition: Condition): [string, string] {
  if (isGroup(condition)) return [condition.parameter, condition.text];
  const { field, negated, operator, value } = condition;
  const not = negated ? "not." : "";
  if (TAKEN.has(field)) return ["and", `(${field}.${not}${operator}.${operator === "in" ? value : quoteValue(value)})`];
  return [field, `${not}${operator}.${value}`];
}

/** Inside a group a comma or a bracket would end the value. */
function quoteValue(value: string): string {
  return /[,()"\\]/.test(value) ? quote(value) : value;
}

function unquoteValue(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? nameOf(value) : value;
}

/** Split at a separator that stands outside quotes and brackets. */
export function splitOutside(text: string, separator: string): string[] {
  const parts: string[] = [];
  let part = "";
  let quoted = false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (quoted && character === "\\") {
      part += character + (text[++at] ?? "");
      continue;
    }
    if (character === '"') quoted = !quoted;
    else if (!quoted && "({".includes(character)) depth++;
    else if (!quoted && ")}".includes(character)) depth--;
    if (character === separator && !quoted && depth <= 0) {
      parts.push(part);
      part = "";
    } else part += character;
  }
  return [...parts, part];
}

/** The elements of `in.(a,"b, c")`. */
export function readList(value: string): string[] {
  const inner = value.replace(/^\(/, "").replace(/\)$/, "");
  return inner === "" ? [] : splitOutside(inner, ",").map(unquoteValue);
}

export function writeList(elements: readonly string[]): string {
  return `(${elements.map((element) => (element === "" || element.trim() !== element || /[,()"\\]/.test(element) ? quote(element) : element)).join(",")})`;
}

/** What a person chooses. `list`: several values, by comma; `none`: no value is asked for. */
export interface Operator {
  id: string;
  negated: boolean;
  operator: string;
  takes: "one" | "list" | "none";
  /** The text between fixed parts: `*` + text + `*` for "contains". */
  before: string;
  after: string;
}

function operator(id: string, spelled: string, takes: Operator["takes"] = "one", before = "", after = ""): Operator {
  const negated = spelled.startsWith("not.");
  return { id, negated, operator: negated ? spelled.slice(4) : spelled, takes, before, after };
}

const IS = operator("is", "eq");
const IS_NOT = operator("isNot", "neq");
const ONE_OF = operator("oneOf", "in", "list");
const NONE_OF = operator("noneOf", "not.in", "list");
const EMPTY = operator("empty", "is", "none", "null");
const NOT_EMPTY = operator("notEmpty", "not.is", "none", "null");
const COMPARED = [operator("more", "gt"), operator("atLeast", "gte"), operator("less", "lt"), operator("atMost", "lte")];
const DATED = [operator("after", "gt"), operator("from", "gte"), operator("before", "lt"), operator("until", "lte")];
const MATCHED = [
  operator("contains", "ilike", "one", "*", "*"),
  operator("lacks", "not.ilike", "one", "*", "*"),
  operator("startsWith", "ilike", "one", "", "*"),
  operator("endsWith", "ilike", "one", "*", ""),
];

const NUMBERS = [IS, IS_NOT, ...COMPARED, ONE_OF, EMPTY, NOT_EMPTY];
const DAYS = [IS, ...DATED, EMPTY, NOT_EMPTY];

const OPERATORS: Record<Kind, Operator[]> = {
  text: [IS, IS_NOT, ...MATCHED, ONE_OF, NONE_OF, EMPTY, NOT_EMPTY],
  integer: NUMBERS,
  number: NUMBERS,
  date: DAYS,
  timestamp: DAYS,
  boolean: [operator("yes", "is", "none", "true"), operator("no", "is", "none", "false"), EMPTY, NOT_EMPTY],
  choice: [IS, IS_NOT, ONE_OF, NONE_OF, EMPTY, NOT_EMPTY],
  json: [operator("holds", "cs"), EMPTY, NOT_EMPTY],
  bytes: [EMPTY, NOT_EMPTY],
};

export function operatorsFor(kind: Kind): readonly Operator[] {
  return OPERATORS[kind];
}

/** A filter in words: the operator a person would choose and the text in its field, or null for one only the API has words for. */
export function describe(filter: Filter, kind: Kind): { operator: Operator; text: string } | null {
  for (const operator of OPERATORS[kind]) {
    if (operator.operator !== filter.operator || operator.negated !== filter.negated) continue;
    const text = textOf(operator, filter.value);
    if (text !== null) return { operator, text };
  }
  return null;
}

function textOf({ takes, before, after, operator }: Operator, value: string): string | null {
  if (takes === "none") return value.toLowerCase() === before ? "" : null;
  if (takes === "list") return readList(value).join(", ");
  if (operator !== "ilike") return value;
  const inner = value.slice(before.length, value.length - after.length);
  const fits = value.length >= before.length + after.length && value.startsWith(before) && value.endsWith(after);
  return fits && !/^\*|\*$/.test(inner) ? inner.replace(/\\([%_\\])/g, "$1") : null;
}

export function makeFilter(name: string, chosen: Operator, text: string): Filter {
  const { negated, operator } = chosen;
  return { field: fieldOf(name), negated, operator, value: valueOf(chosen, text) };
}

function valueOf({ takes, before, after, operator }: Operator, text: string): string {
  if (takes === "none") return before;
  if (takes === "list") return writeList(splitOutside(text, ",").map((part) => unquoteValue(part.trim())).filter((part) => part !== ""));
  return operator === "ilike" ? before + text.replace(/[%_\\]/g, "\\$&") + after : text;
}

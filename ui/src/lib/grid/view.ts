/** What is looked at: filters, order and columns, and the parameters that say so to the page's address and to the rows API alike. */

import { fieldOf, isGroup, nameOf, readCondition, splitOutside, writeCondition, type Condition } from "./filters";

export interface OrderTerm {
  field: string;
  descending: boolean;
  nulls: "first" | "last" | null;
}

export interface View {
  conditions: Condition[];
  order: OrderTerm[];
  /** Names of the columns shown, in their order; null for all. */
  columns: string[] | null;
}

export type Parameters = [string, string][];

export const EVERYTHING: View = { conditions: [], order: [], columns: null };

/** Parameters that are no part of a view (`row`, `tab`) are passed over. */
export function readView(parameters: Iterable<[string, string]>): View {
  const view: View = { conditions: [], order: [], columns: null };
  for (const [key, value] of parameters) {
    if (key === "order") view.order = splitOutside(value, ",").filter(Boolean).map(readTerm);
    else if (key === "select") view.columns = readColumns(value);
    else {
      const condition = readCondition(key, value);
      if (condition) view.conditions.push(condition);
    }
  }
  return view;
}

export function writeView(view: View): Parameters {
  const parameters = view.conditions.map(writeCondition);
  if (view.columns) parameters.push(["select", view.columns.map(fieldOf).join(",")]);
  if (view.order.length) parameters.push(["order", view.order.map(writeTerm).join(",")]);
  return parameters;
}

function readTerm(text: string): OrderTerm {
  const nulls = /\.nulls(first|last)$/.exec(text);
  const field = (nulls ? text.slice(0, nulls.index) : text).trim();
  const direction = /\.(asc|desc)$/.exec(field);
  return {
    field: direction ? field.slice(0, direction.index) : field,
    descending: direction?.[1] === "desc",
    nulls: (nulls?.[1] as "first" | "last" | undefined) ?? null,
  };
}

function writeTerm({ field, descending, nulls }: OrderTerm): string {
  return field + (descending ? ".desc" : "") + (nulls ? `.nulls${nulls}` : "");
}

function readColumns(text: string): string[] | null {
  const names = splitOutside(text, ",").map((part) => part.trim()).filter((part) => part !== "" && part !== "*");
  return names.length ? names.map(nameOf) : null;
}

/**
 * What the grid asks for: the view, its order made total by the primary key (else a row could be on two pages),
 * and the key among the columns (else a row could not be written).
 */
export function requestView(view: View, primaryKey: readonly string[]): View {
  const columns = view.columns && [...view.columns, ...primaryKey.filter((name) => !view.columns!.includes(name))];
  const sorted = new Set(view.order.map((term) => nameOf(term.field)));
  const rest = primaryKey.filter((name) => !sorted.has(name));
  // A table sorted by its key backwards reads its index backwards when every term turns the same way.
  const descending = view.order.length > 0 && view.order.every((term) => term.descending);
  const order = [...view.order, ...rest.map((name) => ({ field: fieldOf(name), descending, nulls: null }))];
  return { ...view, columns, order };
}

export function requestParameters(view: View, primaryKey: readonly string[]): Parameters {
  return writeView(requestView(view, primaryKey));
}

/** One query text: readable (dots, commas, brackets and colons stand), and safe in an address and in a shell's quotes. */
export function queryText(parameters: Parameters): string {
  return parameters.map(([key, value]) => `${encode(key)}=${encode(value)}`).join("&");
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll("'", "%27").replace(/%(2C|3A|3E|24|40)/g, decodeURIComponent);
}

/** Sort by a column: ascending, then descending, then not. With `add` the other terms stay. */
export function turnOrder(order: readonly OrderTerm[], name: string, add: boolean): OrderTerm[] {
  const field = fieldOf(name);
  const now = order.find((term) => term.field === field);
  const others = add ? order.filter((term) => term.field !== field) : [];
  if (!now) return [...others, { field, descending: false, nulls: null }];
  if (now.descending) return others;
  return add ? order.map((term) => (term.field === field ? { ...term, descending: true } : term)) : [{ ...now, descending: true }];
}

export function directionOf(order: readonly OrderTerm[], name: string): "ascending" | "descending" | null {
  const term = order.find((candidate) => nameOf(candidate.field) === name);
  return term ? (term.descending ? "descending" : "ascending") : null;
}

/** Names of the columns that conditions look at. */
export function filtered(view: View): string[] {
  return view.conditions.flatMap((condition) => (isGroup(condition) ? [] : [nameOf(condition.field)]));
}

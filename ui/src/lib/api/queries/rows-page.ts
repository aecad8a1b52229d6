/**
 * How a page of a long list is asked for, so that its place costs nothing: `offset` makes the database walk over every
 * row before it, half a second at row 5,000,000. In the order of an integer key there are better addresses.
 */

import { fieldOf, nameOf, writeCondition } from "$lib/grid/filters";
import type { Row, Value } from "$lib/grid/values";
import { writeView, type OrderTerm, type Parameters, type View } from "$lib/grid/view";

export interface PageAsked {
  /** The view with its order made total by the key. */
  view: View;
  /** The one column of the key, when it holds integers. */
  key: string | null;
  /** First and last key, when no number between them is missing and no filter leaves rows out: then a place is a key. */
  dense: { first: number; last: number } | null;
  total: number;
  offset: number;
  limit: number;
  /** The row just before the page, and the one just after it, where they are in memory. */
  before: Row | undefined;
  after: Row | undefined;
}

export interface PagePlan {
  parameters: Parameters;
  /** The rows come last first. */
  reversed: boolean;
}

export function planPage(asked: PageAsked): PagePlan {
  const byKey = keyOrder(asked);
  return (byKey && (fromDense(asked, byKey) ?? fromNeighbour(asked, byKey))) ?? fromNearerEnd(asked);
}

/** The order is that of the key and nothing else. */
function keyOrder({ view, key }: PageAsked): OrderTerm | null {
  const [term] = view.order;
  return term && view.order.length === 1 && key !== null && nameOf(term.field) === key ? term : null;
}

function fromDense({ view, dense, offset, limit }: PageAsked, { field, descending }: OrderTerm): PagePlan | null {
  if (!dense) return null;
  const start = descending ? dense.last - offset : dense.first + offset;
  return page(view, view.order, limit, [where(field, descending ? "lte" : "gte", start)], false);
}

function fromNeighbour({ view, before, after, limit, key }: PageAsked, { field, descending }: OrderTerm): PagePlan | null {
  const earlier = before?.[key!];
  if (isNumber(earlier)) return page(view, view.order, limit, [where(field, descending ? "lt" : "gt", earlier)], false);
  const later = after?.[key!];
  if (isNumber(later)) return page(view, view.order.map(turned), limit, [where(field, descending ? "gt" : "lt", later)], true);
  return null;
}

/** From the end, backwards, when that is nearer. */
function fromNearerEnd({ view, total, offset, limit }: PageAsked): PagePlan {
  if (view.order.length === 0 || offset <= total / 2) return page(view, view.order, limit, [], false, offset);
  const rest = Math.max(0, total - offset - limit);
  return page(view, view.order.map(turned), Math.min(limit, total - offset), [], true, rest);
}

function page(view: View, order: OrderTerm[], limit: number, conditions: Parameters, reversed: boolean, offset = 0): PagePlan {
  const parameters: Parameters = [...conditions, ...writeView({ ...view, order }), ["limit", String(limit)]];
  if (offset) parameters.push(["offset", String(offset)]);
  return { parameters, reversed };
}

function where(field: string, operator: string, value: Value): [string, string] {
  return writeCondition({ field: fieldOf(nameOf(field)), negated: false, operator, value: String(value) });
}

/** Nulls go to the other end with the direction; where they were named they are named the other way. */
function turned({ field, descending, nulls }: OrderTerm): OrderTerm {
  return { field, descending: !descending, nulls: nulls === null ? null : nulls === "first" ? "last" : "first" };
}

function isNumber(value: Value | undefined): value is number {
  return typeof value === "number";
}

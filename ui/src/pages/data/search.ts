/** Searching rows, spelled as a filter the API knows: `or=(name.ilike.*ada*,code.eq.42)`. */

import { isNumeric, type GridColumn } from "$lib/grid/columns";
import { fieldOf, isGroup, splitOutside, type Condition, type Group } from "$lib/grid/filters";

export function canSearch(columns: readonly GridColumn[]): boolean {
  return columns.some(({ kind }) => kind === "text" || kind === "choice" || isNumeric(kind));
}

/** The condition for a text, or null for none. Text columns hold it; number columns are it, when it is a number. */
export function searchFor(text: string, columns: readonly GridColumn[]): Group | null {
  const sought = text.trim();
  if (sought === "") return null;
  const pattern = quoted(`*${sought.replace(/[%_\\]/g, "\\$&")}*`);
  const whole = /^[+-]?\d{1,18}$/.test(sought);
  const number = whole || /^[+-]?\d+\.\d+$/.test(sought);
  const terms = columns.flatMap(({ name, kind }) => {
    if (kind === "text" || kind === "choice") return `${fieldOf(name)}.ilike.${pattern}`;
    if (kind === "integer" ? whole : kind === "number" && number) return `${fieldOf(name)}.eq.${sought}`;
    return [];
  });
  return terms.length ? { parameter: "or", text: `(${terms.join(",")})` } : null;
}

function quoted(text: string): string {
  return /[,()"\\]/.test(text) ? `"${text.replace(/[\\"]/g, "\\$&")}"` : text;
}

/** The text of a condition that `searchFor` made, or null for another. */
export function searchedText(condition: Condition, columns: readonly GridColumn[]): string | null {
  if (!isGroup(condition) || condition.parameter !== "or") return null;
  for (const term of splitOutside(condition.text.slice(1, -1), ",")) {
    const found = /\.(?:ilike\.("?)\*([\s\S]*)\*\1|eq\.([\d.+-]+))$/.exec(term);
    if (!found) return null;
    const inner = found[2] === undefined ? found[3]! : found[1] ? found[2].replace(/\\(.)/g, "$1") : found[2];
    const text = inner.replace(/\\([%_\\])/g, "$1");
    if (searchFor(text, columns)?.text === condition.text) return text;
  }
  return null;
}

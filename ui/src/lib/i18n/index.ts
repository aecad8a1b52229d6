/** All words of the interface. Keys are checked by the compiler and by `npm run i18n:check`. */
import en from "./en.json";
import type data from "../../pages/data/en.json";
import type imports from "../../pages/import/en.json";

type Plural = { one: string; other: string };
type Catalog = Record<string, string | Plural>;
export type Key = keyof typeof en | keyof typeof data | keyof typeof imports;
export type Params = Record<string, string | number>;

export const locale = "en";

const messages: Catalog = { ...en };
const plurals = new Intl.PluralRules(locale);
const numbers = new Intl.NumberFormat(locale);

/** A lazy page brings its own words when it is loaded. */
export function addMessages(catalog: Catalog): void {
  Object.assign(messages, catalog);
}

function pick(message: string | Plural, params: Params): string {
  if (typeof message === "string") return message;
  const count = params["n"];
  return typeof count === "number" && plurals.select(count) === "one" ? message.one : message.other;
}

/** The text for `key`, with `{name}` replaced. Numbers are written the way the locale does; `n` chooses the plural. */
export function t(key: Key, params: Params = {}): string {
  const message = messages[key];
  if (message === undefined) return key;
  return pick(message, params).replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? numbers.format(value) : value;
  });
}

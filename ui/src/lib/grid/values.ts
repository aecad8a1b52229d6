/** A cell's value as it is shown, as it is edited, and back from what was typed: checked before it is sent. */

import type { Key } from "$lib/i18n";
import type { GridColumn, Kind } from "./columns";

/** What the rows API gives for a cell. Integers beyond 2⁵³ arrive as their digits (see `exact.ts`). */
export type Value = string | number | boolean | null | object;

export type Row = Record<string, Value>;

/** Why a text is not a value of a column: a key of the word list and what it says. */
export interface Refusal {
  refusal: Key;
  words: Record<string, string | number>;
}

export type Parsed = { value: Value } | Refusal;

export function isRefusal(parsed: Parsed): parsed is Refusal {
  return "refusal" in parsed;
}

/** One line of text for a cell. Null is drawn by the cell, never as text. */
export function display(value: Value | undefined, kind: Kind): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "object" || (kind === "json" && typeof value !== "string")) return JSON.stringify(value);
  if (kind === "timestamp" && typeof value === "string") return localTime(value) ?? value;
  if (typeof value === "string") return oneLine(value);
  return String(value);
}

const ZONED = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/;
const PLAIN_TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2}(?:\.\d+)?)?$/;

/** `2013-01-01T10:00:00Z` as the local `2013-01-01 11:00`; a time without zone as it stands; null when it is no time. */
export function localTime(value: string): string | null {
  const plain = PLAIN_TIME.exec(value);
  if (plain) return `${plain[1]} ${plain[2]}${seconds(plain[3])}`;
  if (!ZONED.test(value)) return null;
  const moment = new Date(value.replace(" ", "T"));
  if (Number.isNaN(moment.getTime())) return null;
  const two = (part: number) => String(part).padStart(2, "0");
  const day = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  const parts = moment.getSeconds() || moment.getMilliseconds() ? `:${two(moment.getSeconds())}` : "";
  return `${day} ${two(moment.getHours())}:${two(moment.getMinutes())}${parts}`;
}

function seconds(part: string | undefined): string {
  return part && !/^:00(\.0*)?$/.test(part) ? part : "";
}

function oneLine(text: string): string {
  return /[\r\n\t]/.test(text) ? text.replace(/[\r\n\t]+/g, " ") : text;
}

/** The text an editor starts with, and the text that is copied. */
export function editText(value: Value | undefined, kind: Kind): string {
  if (value === null || value === undefined) return "";
  if (kind === "json" || typeof value === "object") return JSON.stringify(value);
  return String(value);
}

/** A typed or pasted text as a value of the column. Empty text is null, where the column is not text. */
export function parse(text: string, column: GridColumn): Parsed {
  if (text === "" && !(column.kind === "text" && !column.nullable)) return empty(column);
  return PARSERS[column.kind](column.kind === "text" || column.kind === "json" ? text : text.trim(), column);
}

/** Null for the column, or why it must hold something. */
export function empty(column: GridColumn): Parsed {
  return column.nullable ? { value: null } : refuse("grid.refused.empty", column, "");
}

const PARSERS: Record<Kind, (text: string, column: GridColumn) => Parsed> = {
  text: parseText,
  integer: parseInteger,
  number: parseNumber,
  boolean: parseBoolean,
  date: parseDate,
  timestamp: parseTimestamp,
  choice: parseChoice,
  json: parseJson,
  bytes: (text) => ({ value: text }),
};

function parseText(text: string, column: GridColumn): Parsed {
  if (column.maxLength !== null && text.length > column.maxLength) {
    return { refusal: "grid.refused.length", words: { column: column.label, most: column.maxLength, n: text.length } };
  }
  return { value: text };
}

const INTEGER_MAX = 2n ** 63n - 1n;

function parseInteger(text: string, column: GridColumn): Parsed {
  const digits = withoutGroups(text);
  if (!/^[+-]?\d+$/.test(digits)) return refuse("grid.refused.integer", column, text);
  const exact = BigInt(digits.replace(/^\+/, ""));
  if (exact > INTEGER_MAX || exact < -INTEGER_MAX - 1n) return refuse("grid.refused.range", column, text);
  const value = Number(exact);
  return { value: Number.isSafeInteger(value) ? value : exact.toString() };
}

function parseNumber(text: string, column: GridColumn): Parsed {
  const digits = withoutGroups(text);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(digits)) return refuse("grid.refused.number", column, text);
  const value = Number(digits);
  return Number.isFinite(value) ? { value } : refuse("grid.refused.range", column, text);
}

/** `1,234,567.5` and `1 234 567` as sheets write them. */
function withoutGroups(text: string): string {
  const plain = text.replace(/[\u00a0\u202f]/g, " ");
  return /^[+-]?\d{1,3}([ ,']\d{3})+(\.\d+)?$/.test(plain) ? plain.replace(/[ ,']/g, "") : text;
}

const YES = new Set(["true", "t", "yes", "y", "on", "1"]);
const NO = new Set(["false", "f", "no", "n", "off", "0"]);

function parseBoolean(text: string, column: GridColumn): Parsed {
  const word = text.toLowerCase();
  if (YES.has(word)) return { value: true };
  return NO.has(word) ? { value: false } : refuse("grid.refused.boolean", column, text);
}

function parseDate(text: string, column: GridColumn): Parsed {
  return isDay(text) ? { value: text } : refuse("grid.refused.date", column, text);
}

function parseTimestamp(text: string, column: GridColumn): Parsed {
  const form = /^(\d{4}-\d{2}-\d{2})([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/.exec(text);
  return form && isDay(form[1]!) ? { value: text } : refuse("grid.refused.timestamp", column, text);
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function parseChoice(text: string, column: GridColumn): Parsed {
  const exact = column.choices.find((choice) => choice === text);
  const close = exact ?? column.choices.find((choice) => choice.toLowerCase() === text.toLowerCase());
  return close === undefined ? refuse("grid.refused.choice", column, text) : { value: close };
}

function parseJson(text: string, column: GridColumn): Parsed {
  try {
    return { value: JSON.parse(text) as Value };
  } catch {
    return refuse("grid.refused.json", column, text);
  }
}

function refuse(refusal: Key, column: GridColumn, got: string): Refusal {
  return { refusal, words: { column: column.label, got: got.length > 40 ? `${got.slice(0, 39)}…` : got } };
}

/** Two cell values that mean the same. */
export function same(one: Value | undefined, other: Value | undefined): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object") return false;
  return JSON.stringify(one) === JSON.stringify(other);
}

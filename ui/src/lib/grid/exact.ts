/** Rows from JSON text without rounding: SQLite's integers have 64 bits, JavaScript's numbers 53. */

import type { Row } from "./values";

const LONG_INTEGER = /\d{16}/;
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[{}[\]]/g;
/** Array of rows, then the row itself. */
const CELL_DEPTH = 2;

/** An integer that would be rounded becomes its digits as text; everything else is as JSON has it. */
export function parseRows(json: string): Row[] {
  return JSON.parse(LONG_INTEGER.test(json) ? quoteLongIntegers(json) : json) as Row[];
}

function quoteLongIntegers(json: string): string {
  let depth = 0;
  return json.replace(TOKENS, (token) => {
    if (token === "{" || token === "[") depth += 1;
    else if (token === "}" || token === "]") depth -= 1;
    else if (depth === CELL_DEPTH && token.length > 15 && /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token))) return `"${token}"`;
    return token;
  });
}

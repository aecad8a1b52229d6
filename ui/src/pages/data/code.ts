/** The view of an open table as code. */

import { requestParameters } from "$lib/grid/view";
import { viewSnippet, type Language, type Place } from "$lib/snippets";
import type { OpenTable } from "./table.svelte";

/** Rows that a snippet asks for: a page that a person can read. */
const ROWS = 100;

export function viewCode(language: Language, table: OpenTable, place: Place): string {
  return viewSnippet(language, place, requestParameters(table.view, table.collection.primary_key), ROWS);
}

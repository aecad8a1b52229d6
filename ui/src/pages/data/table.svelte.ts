/** One open table: its columns, its view in the address, its grid, rows and writes. The parts of the page share it. */

import type { CollectionDetail } from "$lib/api/types";
import { events } from "$lib/api/events.svelte";
import type { RowKey } from "$lib/api/queries/rows";
import { startWidth, type GridColumn } from "$lib/grid/columns";
import { nameOf, readList, writeList, type Condition } from "$lib/grid/filters";
import { GridState } from "$lib/grid/grid.svelte";
import { display, type Row } from "$lib/grid/values";
import { directionOf, queryText, readView, turnOrder, writeView, type OrderTerm, type Parameters, type View } from "$lib/grid/view";
import { t } from "$lib/i18n";
import { router } from "$lib/router.svelte";
import { UndoStack } from "$lib/state/undo.svelte";
import { gridColumns, numberingColumn, rememberedWidths, rememberWidths, shownColumns } from "./columns";
import { TableRows } from "./rows.svelte";
import { searchedText, searchFor } from "./search";
import { Writes } from "./writes.svelte";

export type Tab = "rows" | "code";

const POLL_MS = 10_000;

export class OpenTable {
  readonly name: string;
  readonly columns: GridColumn[];
  readonly rows: TableRows;
  readonly grid: GridState;
  readonly undo = new UndoStack();
  readonly writes: Writes;
  #widths = $state.raw<Record<string, number>>({});

  readonly #parameters: Parameters = $derived([...new URLSearchParams(router.query)]);
  readonly view: View = $derived(readView(this.#parameters));
  readonly tab: Tab = $derived(this.#parameters.some(([key, value]) => key === "tab" && value === "code") ? "code" : "rows");
  /** The row in the drawer, by its key; `new` for one that is being written. */
  readonly rowParameter: string | null = $derived(this.#parameters.find(([key]) => key === "row")?.[1] ?? null);
  readonly shown: GridColumn[];
  readonly search: string;
  /** Conditions that are shown as chips: all but the search. */
  readonly chips: Condition[];

  constructor(readonly collection: CollectionDetail) {
    this.name = collection.name;
    this.columns = gridColumns(collection);
    this.rows = new TableRows(collection.name, collection.primary_key, numberingColumn(this.columns));
    this.grid = new GridState("grid");
    this.writes = new Writes(this.rows, this.columns, this.undo, (text) => this.say(text));
    this.shown = $derived(shownColumns(this.columns, this.view.columns));
    const sought = $derived(this.view.conditions.map((condition) => searchedText(condition, this.columns)));
    this.search = $derived(sought.find((text) => text !== null) ?? "");
    this.chips = $derived(this.view.conditions.filter((_, place) => sought[place] === null));
    this.#widths = rememberedWidths(this.name);
    this.rows.onfresh = (row) => this.grid.contradict(row);
    this.grid.use(this.rows);
    this.rows.begin(this.view, collection.rows);
  }

  /** Follow the address and the events; answers with what stops it. */
  follow(): () => void {
    const touched = ({ table }: { table: string | null }) => {
      if (table === null || table === this.name) this.rows.touched();
    };
    const stops = [events.on("rows", touched), events.on("reset", () => this.rows.touched()), events.on("hello", () => this.rows.touched())];
    const poll = setInterval(() => {
      if (events.state !== "live" && document.visibilityState === "visible") this.rows.touched();
    }, POLL_MS);
    return () => {
      for (const stop of stops) stop();
      clearInterval(poll);
      this.rows.stop();
    };
  }

  get readOnly(): string | null {
    const { writable, kind, primary_key } = this.collection;
    if (kind === "view") return t("data.readOnly.view");
    if (primary_key.length === 0) return t("data.readOnly.key");
    return writable ? null : t("data.readOnly.file");
  }

  say(text: string): void {
    // The same words twice are said twice only when the text differs.
    this.grid.announcement = this.grid.announcement === text ? `${text}\u00a0` : text;
  }

  // --- the address ----------------------------------------------------------------------------------------------------

  #go(view: View, more: { row?: string | null; tab?: Tab } = {}, push = false): void {
    const row = more.row === undefined ? this.rowParameter : more.row;
    const tab = more.tab ?? this.tab;
    const parameters = writeView(view);
    if (row !== null) parameters.push(["row", row]);
    if (tab !== "rows") parameters.push(["tab", tab]);
    router.setQuery(queryText(parameters), { replace: !push });
  }

  tabHref(tab: Tab): string {
    const parameters = writeView(this.view);
    if (tab !== "rows") parameters.push(["tab", tab]);
    const query = queryText(parameters);
    return `/data/${encodeURIComponent(this.name)}${query ? `?${query}` : ""}`;
  }

  setConditions(conditions: Condition[]): void {
    const search = searchFor(this.search, this.columns);
    this.#go({ ...this.view, conditions: [...conditions, ...(search ? [search] : [])] }, {}, true);
  }

  setSearch(text: string): void {
    const search = searchFor(text, this.columns);
    this.#go({ ...this.view, conditions: [...this.chips, ...(search ? [search] : [])] });
  }

  setOrder(order: OrderTerm[]): void {
    this.#go({ ...this.view, order }, {}, true);
  }

  sort(name: string, add: boolean): void {
    this.setOrder(turnOrder(this.view.order, name, add));
    const sorted = this.direction(name);
    this.say(sorted ? t(`data.said.${sorted}`, { column: this.label(name) }) : t("data.said.unsorted"));
  }

  direction(name: string): "ascending" | "descending" | null {
    return directionOf(this.view.order, name);
  }

  /** Null shows all, in the table's order. */
  setColumns(names: string[] | null): void {
    const all = names !== null && names.length === this.columns.length && names.every((name, place) => name === this.columns[place]!.name);
    this.#go({ ...this.view, columns: all ? null : names });
  }

  label(name: string): string {
    return this.columns.find((column) => column.name === name)?.label ?? name;
  }

  columnOf(field: string): GridColumn | undefined {
    return this.columns.find((column) => column.name === nameOf(field));
  }

  // --- the drawer -----------------------------------------------------------------------------------------------------

  open(row: Row): void {
    if (this.collection.primary_key.length === 0) return;
    this.#go(this.view, { row: this.rowText(row) }, this.rowParameter === null);
  }

  openNew(): void {
    this.#go(this.view, { row: "new", tab: "rows" }, true);
  }

  close(): void {
    this.#go(this.view, { row: null });
  }

  /** The key of a row as the address has it: `9204807`, or `red,2` for a key of two columns. */
  rowText(row: Row): string {
    const values = this.rows.keyOf(row).map(([, value]) => String(value));
    const [only] = values;
    if (values.length > 1) return writeList(values).slice(1, -1);
    // A key whose text is "new" would be taken for the form.
    return only === "new" || only!.startsWith('"') ? JSON.stringify(only) : only!;
  }

  rowKey(text: string): RowKey | null {
    const key = this.collection.primary_key;
    const values = key.length === 1 && !text.startsWith('"') ? [text] : readList(text);
    return values.length === key.length ? key.map((name, place) => [name, values[place]!]) : null;
  }

  /** The first words of a row: its key, for a title. */
  title(row: Row): string {
    return this.rows
      .keyOf(row)
      .map(([, value]) => display(value, "text"))
      .join(", ");
  }

  // --- widths ---------------------------------------------------------------------------------------------------------

  width(column: GridColumn): number {
    return this.#widths[column.name] ?? startWidth(column, this.#samples(column));
  }

  /** What stands in the first rows decides how wide a column begins. */
  #samples(column: GridColumn): string[] {
    const samples: string[] = [];
    for (let index = 0; index < 30; index++) {
      const row = this.rows.row(index);
      if (row) samples.push(display(row[column.name], column.kind).slice(0, 60));
    }
    return samples;
  }

  resize(name: string, width: number, done: boolean): void {
    this.#widths = { ...this.#widths, [name]: width };
    this.grid.widths = this.shown.map((column) => this.#widths[column.name] ?? this.grid.width(this.shown.indexOf(column)));
    if (done) rememberWidths(this.name, this.#widths);
  }
}

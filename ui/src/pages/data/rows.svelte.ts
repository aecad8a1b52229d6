/**
 * The rows of one table in one view, as the grid asks for them: in blocks by index, with what is being saved laid over,
 * and kept fresh when something else writes.
 */

import { asApiError, isAbort, type ApiError } from "$lib/api/errors";
import { countRows, fetchRows, fetchSpan, portions, whereKeys, type RowKey } from "$lib/api/queries/rows";
import { planPage, type PageAsked } from "$lib/api/queries/rows-page";
import { Blocks } from "$lib/grid/blocks";
import { writeCondition } from "$lib/grid/filters";
import type { GridRows, Mark, Marks } from "$lib/grid/grid.svelte";
import { same, type Row, type Value } from "$lib/grid/values";
import { EVERYTHING, requestView, writeView, type Parameters, type View } from "$lib/grid/view";

const TINT_MS = 1_000;
/** Changes elsewhere are gathered this long; and looking again takes at most a fifth of the time. */
const GATHER_MS = 120;
const SHARE = 5;
/** From so many rows on, a far offset is slow enough to look for better addresses. */
const WORTH_IT = 100_000;

/** A row that was written: as it was, what was sent, and as it is. */
export interface Arrival {
  row: Row;
  values: Row;
  fresh: Row;
}

export class TableRows implements GridRows {
  /** Rows of the view; null until they are counted. */
  #matched = $state<number | null>(null);
  #version = $state(0);
  /** Grows when rows were read again or written, not when they merely came into sight. */
  revision = $state(0);
  /** Rows of the table. */
  all = $state<number | null>(null);
  error = $state.raw<ApiError | null>(null);
  /** Told of every row that was read again. */
  onfresh: ((row: Row) => void) | null = null;

  #view: View | null = null;
  /** The view with its order made total by the key. */
  #asked: View = EVERYTHING;
  #dense: PageAsked["dense"] = null;
  readonly #blocks: Blocks<Row>;
  readonly #pending = new Map<string, Row>();
  readonly #marks = new Map<string, Marks>();
  #counting = new AbortController();
  #stopped = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refreshing = false;
  #again = false;
  #cost = 0;

  constructor(
    readonly table: string,
    readonly primaryKey: readonly string[],
    /** The one column of the key, when it holds integers. */
    readonly numberedBy: string | null,
  ) {
    this.#blocks = new Blocks<Row>({
      fetch: (offset, limit, signal) => this.#page(offset, limit, signal),
      changed: () => {
        this.error = null;
        this.#version++;
      },
      failed: (error) => (this.error = asApiError(error)),
      renewed: (_, before, after) => this.#compare(before, after),
    });
  }

  // --- what the grid asks ---------------------------------------------------------------------------------------------

  get total(): number {
    return this.#matched ?? 0;
  }

  get counted(): boolean {
    return this.#matched !== null;
  }

  get version(): number {
    return this.#version;
  }

  row(index: number): Row | undefined {
    void this.#version;
    return this.#overlaid(this.#blocks.row(index));
  }

  marks(index: number): Marks | undefined {
    void this.#version;
    if (this.#marks.size === 0) return undefined;
    const row = this.#blocks.row(index);
    return row && this.#marks.get(this.identity(row));
  }

  identity(row: Row): string {
    return JSON.stringify(this.primaryKey.length ? this.primaryKey.map((name) => row[name]) : row);
  }

  look(first: number, last: number, jumped: boolean): void {
    this.#blocks.look(first, last, jumped);
  }

  async read(first: number, last: number): Promise<Row[]> {
    const rows = await this.#blocks.read(first, last, this.#stopped.signal);
    return rows.map((row) => this.#overlaid(row)!);
  }

  #overlaid(row: Row | undefined): Row | undefined {
    if (!row || this.#pending.size === 0) return row;
    const pending = this.#pending.get(this.identity(row));
    return pending ? { ...row, ...pending } : row;
  }

  keyOf(row: Row): RowKey {
    return this.primaryKey.map((name) => [name, row[name] ?? null]);
  }

  /** The index of the row with this key among those in memory, or -1. */
  place(key: RowKey): number {
    const wanted = JSON.stringify(key.map(([, value]) => String(value)));
    return this.#blocks.find((row) => JSON.stringify(this.primaryKey.map((name) => String(row[name]))) === wanted);
  }

  /** The whole row with this key, hidden columns included, as the server has it; null when there is none. */
  async whole(key: RowKey): Promise<Row | null> {
    const [row] = await fetchRows(this.table, whereKeys([key]), this.#stopped.signal);
    return this.#overlaid(row) ?? null;
  }

  indexOf(row: Row): number {
    const identity = this.identity(row);
    return this.#blocks.find((other) => this.identity(other) === identity);
  }

  // --- the view -------------------------------------------------------------------------------------------------------

  get conditions(): Parameters {
    return this.#view?.conditions.map(writeCondition) ?? [];
  }

  /** Look at the table this way. Rows are counted anew only when other rows are meant. */
  show(view: View): void {
    const before = this.#view;
    this.#view = view;
    this.#asked = requestView(view, this.primaryKey);
    this.#blocks.reset();
    this.error = null;
    this.#version++;
    const sameRows = before !== null && JSON.stringify(before.conditions) === JSON.stringify(view.conditions);
    if (sameRows && this.#matched !== null) this.#blocks.retry();
    else void this.#count();
  }

  /** Begin with a number that was known a moment ago: then the rows need not wait until they are counted again. */
  begin(view: View, known: number | null): void {
    this.all = known;
    this.#view = view;
    this.#asked = requestView(view, this.primaryKey);
    if (known !== null && view.conditions.length === 0) this.#take(known);
    void this.#count();
  }

  async #page(offset: number, limit: number, signal: AbortSignal): Promise<Row[]> {
    const { parameters, reversed } = planPage({
      view: this.#asked,
      key: this.numberedBy,
      dense: this.conditions.length ? null : this.#dense,
      total: this.total,
      offset,
      limit,
      before: this.#blocks.row(offset - 1),
      after: this.#blocks.row(offset + limit),
    });
    const rows = await fetchRows(this.table, parameters, signal);
    return reversed ? rows.reverse() : rows;
  }

  retry(): void {
    this.error = null;
    if (this.#matched === null) void this.#count();
    else this.#blocks.retry();
  }

  async #count(): Promise<void> {
    this.#counting.abort();
    const controller = (this.#counting = new AbortController());
    try {
      const total = await countRows(this.table, this.conditions, controller.signal);
      const stale = this.#matched !== null && this.#matched !== total;
      this.#take(total);
      if (stale) this.#blocks.invalidate();
      else this.#blocks.retry();
      await this.#findDense();
    } catch (error) {
      if (!isAbort(error)) this.error = asApiError(error);
    }
  }

  /** Are all keys there? Then every place is a key, which matters where there are many. */
  async #findDense(): Promise<void> {
    if (this.numberedBy === null || this.all === null || this.all < WORTH_IT) return;
    const span = await fetchSpan(this.table, this.numberedBy, this.#stopped.signal);
    this.#dense = span && span.last - span.first + 1 === this.all ? span : null;
  }

  #take(total: number): void {
    if (total !== this.#matched) this.#dense = null;
    this.#matched = total;
    this.#blocks.total = total;
    if (this.conditions.length === 0) this.all = total;
  }

  stop(): void {
    this.#stopped.abort();
    this.#counting.abort();
    clearTimeout(this.#timer);
    this.#blocks.reset();
  }

  // --- what is being saved --------------------------------------------------------------------------------------------

  /** These values are on their way: show them at once. */
  expect(row: Row, values: Row): void {
    const identity = this.identity(row);
    this.#pending.set(identity, { ...this.#pending.get(identity), ...values });
    this.#mark(identity, Object.keys(values), "saving");
  }

  /** They arrived: `fresh` is the row now. A value that was overtaken by a newer one stays pending. */
  arrived(list: readonly Arrival[]): void {
    const byIdentity = new Map<string, Row>();
    for (const { row, values, fresh } of list) {
      const identity = this.identity(row);
      this.#mark(identity, this.#release(identity, values), null);
      byIdentity.set(identity, fresh);
    }
    this.#blocks.amend((row) => {
      const fresh = byIdentity.get(this.identity(row));
      return fresh ? { ...row, ...only(fresh, row) } : null;
    });
    this.#version++;
    this.revision++;
  }

  /** They were refused: the old values stand again, marked. */
  refused(row: Row, values: Row): void {
    const identity = this.identity(row);
    this.#mark(identity, this.#release(identity, values), "refused");
  }

  #release(identity: string, values: Row): string[] {
    const pending = this.#pending.get(identity);
    if (!pending) return [];
    const done = Object.keys(values).filter((name) => same(pending[name], values[name]));
    const rest = Object.entries(pending).filter(([name]) => !done.includes(name));
    if (rest.length) this.#pending.set(identity, Object.fromEntries(rest));
    else this.#pending.delete(identity);
    return done;
  }

  #mark(identity: string, names: readonly string[], mark: Mark | null): void {
    const marks = { ...this.#marks.get(identity) };
    for (const name of names) {
      if (mark === null) delete marks[name];
      else marks[name] = mark;
    }
    if (Object.keys(marks).length) this.#marks.set(identity, marks);
    else this.#marks.delete(identity);
    this.#version++;
  }

  // --- changes elsewhere ----------------------------------------------------------------------------------------------

  /** Something wrote to the table: look again soon. */
  touched(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.refresh(), Math.max(GATHER_MS, this.#cost * SHARE));
  }

  /** Read again what is in sight, row by row by key so that nothing moves; by place when rows came or went. */
  async refresh(): Promise<void> {
    if (this.#refreshing || this.#matched === null) {
      this.#again = this.#refreshing;
      return;
    }
    this.#refreshing = true;
    const began = performance.now();
    try {
      await this.#lookAgain();
    } catch (error) {
      if (!isAbort(error)) this.error = asApiError(error);
    } finally {
      this.#cost = performance.now() - began;
      this.#refreshing = false;
      if (this.#again) this.touched();
      this.#again = false;
    }
  }

  /** Rows came or went by our own doing: count and read again at once. */
  async recount(): Promise<void> {
    const total = await countRows(this.table, this.conditions, this.#stopped.signal);
    if (this.conditions.length) this.all = await countRows(this.table, [], this.#stopped.signal);
    this.#take(total);
    this.#blocks.invalidate();
    await this.#findDense();
    this.#version++;
    this.revision++;
  }

  async #lookAgain(): Promise<void> {
    const rows = [...this.#blocks.inSight()].map(([, row]) => row);
    const asked = this.#asked;
    const [fresh, total] = await Promise.all([this.#byKey(rows), countRows(this.table, this.conditions, this.#stopped.signal)]);
    if (asked !== this.#asked) return;
    if (this.conditions.length) this.all = await countRows(this.table, [], this.#stopped.signal);
    const moved = fresh === null || fresh.length !== rows.length || total !== this.#matched;
    this.#take(total);
    await this.#findDense();
    if (moved) this.#blocks.invalidate();
    else this.#blocks.forgetUnseen();
    if (fresh) this.#freshen(rows, fresh);
    // The server answers: what could not be read before is asked for again.
    this.error = null;
    this.#blocks.retry();
    this.#version++;
    this.revision++;
  }

  async #byKey(rows: readonly Row[]): Promise<Row[] | null> {
    if (this.primaryKey.length === 0) return null;
    const select = writeView({ ...EVERYTHING, columns: this.#asked.columns });
    const keys = rows.map((row) => this.keyOf(row));
    const parts = portions(keys).map((part) => fetchRows(this.table, [...whereKeys(part), ...select], this.#stopped.signal));
    return (await Promise.all(parts)).flat();
  }

  #freshen(before: readonly Row[], fresh: readonly Row[]): void {
    this.#compare(before, fresh);
    const byIdentity = new Map(fresh.map((row) => [this.identity(row), row]));
    this.#blocks.amend((row) => byIdentity.get(this.identity(row)) ?? null);
  }

  /** Tint what differs, and tell whoever is editing. */
  #compare(before: readonly Row[], after: readonly Row[]): void {
    if (this.primaryKey.length === 0) return;
    const known = new Map(before.map((row) => [this.identity(row), row]));
    for (const row of after) {
      const old = known.get(this.identity(row));
      if (!old) continue;
      const names = Object.keys(row).filter((name) => !same(row[name], old[name]));
      this.onfresh?.(row);
      if (names.length) this.#tint(this.identity(row), names);
    }
  }

  #tint(identity: string, names: readonly string[]): void {
    const pending = this.#pending.get(identity) ?? {};
    const foreign = names.filter((name) => !(name in pending) && !this.#marks.get(identity)?.[name]);
    if (foreign.length === 0) return;
    this.#mark(identity, foreign, "changed");
    setTimeout(() => {
      const still = foreign.filter((name) => this.#marks.get(identity)?.[name] === "changed");
      if (still.length) this.#mark(identity, still, null);
    }, TINT_MS);
  }
}

/** Of `fresh`, the columns that `shape` has: a view may show fewer than the table. */
function only(fresh: Row, shape: Row): Row {
  const picked: Record<string, Value> = {};
  for (const name of Object.keys(shape)) if (name in fresh) picked[name] = fresh[name]!;
  return picked;
}

/** Writes to the rows of a table: shown at once, sent in order, undone by a write that checks the value is still ours. */

import { ApiError, asApiError } from "$lib/api/errors";
import { events } from "$lib/api/events.svelte";
import { deleteRows, fetchRows, insertRows, portions, updateRows, whereIs, whereKeys } from "$lib/api/queries/rows";
import type { GridColumn } from "$lib/grid/columns";
import type { CellChange } from "$lib/grid/grid.svelte";
import { same, type Row } from "$lib/grid/values";
import type { Parameters } from "$lib/grid/view";
import { t, type Key } from "$lib/i18n";
import { toasts } from "$lib/state/toasts.svelte";
import type { UndoStack } from "$lib/state/undo.svelte";
import { MANY, readNow, writeTogether } from "./bulk";
import type { TableRows } from "./rows.svelte";

const ASK_AGAIN_MS = 2_000;
/** Requests on their way at the same time, for a change that cannot be one request. */
const TOGETHER = 4;

/** What one row had and gets. `row` is the row before, `after` the row as the server keeps it. */
interface RowChange {
  row: Row;
  columns: GridColumn[];
  values: Row;
  after: Row | null;
}

export class Writes {
  /** Changes on their way. */
  saving = $state(0);
  /** The server does not answer; what is on its way waits. */
  waiting = $state(false);
  #queue: Promise<unknown> = Promise.resolve();

  constructor(
    readonly rows: TableRows,
    readonly columns: readonly GridColumn[],
    readonly undo: UndoStack,
    readonly say: (text: string) => void,
  ) {}

  /** Change cells: one change, one undo. */
  change(changes: readonly CellChange[], label: string): Promise<void> {
    const list = this.#byRow(changes);
    for (const { row, values } of list) this.rows.expect(row, values);
    const step = {
      label,
      undo: () => this.#turn(list, "back"),
      redo: () => this.#turn(list, "forth"),
    };
    this.undo.push(step);
    return this.#inTurn(async () => {
      try {
        await this.#send(list);
        this.say(t("data.said.saved"));
      } catch (error) {
        this.undo.drop(step);
        this.#refuse(list, error, () => void this.change(changes, label));
      }
    });
  }

  /** Add a row. Rejects with the server's reason: the form shows it under its fields. */
  async insert(values: Row): Promise<Row> {
    const [row] = await this.#counted(() => insertRows(this.rows.table, [values]));
    const added = row!;
    this.undo.push({
      label: t("data.undo.insert"),
      undo: async () => void (await this.#delete([added])),
      redo: async () => void (await this.#add([added])),
    });
    await this.rows.recount();
    this.say(t("data.said.added"));
    return added;
  }

  /** Delete rows, with undo. */
  async remove(rows: readonly Row[]): Promise<void> {
    try {
      const gone = await this.#delete(rows);
      const step = {
        label: t("data.undo.delete", { n: gone.length }),
        undo: async () => void (await this.#add(gone)),
        redo: async () => void (await this.#delete(gone)),
      };
      this.undo.push(step);
      const said = t("data.said.deleted", { n: gone.length });
      this.say(said);
      toasts.show(said, { action: { label: t("data.undo"), run: () => this.stepBack(step) } });
    } catch (error) {
      toasts.error(t("data.refused.delete", { reason: asApiError(error).text }));
    }
  }

  async stepBack(only?: object): Promise<void> {
    if (only !== undefined && this.undo.next !== only) return;
    await this.#step(() => this.undo.undo(), "data.said.undone");
  }

  async stepForth(): Promise<void> {
    await this.#step(() => this.undo.redo(), "data.said.redone");
  }

  async #step(turn: () => Promise<{ label: string } | null>, said: Key): Promise<void> {
    try {
      const step = await turn();
      if (step) this.say(t(said, { label: step.label }));
    } catch (error) {
      toasts.error(asApiError(error).text);
    }
  }

  #byRow(changes: readonly CellChange[]): RowChange[] {
    const lists = new Map<string, RowChange>();
    for (const { row, column, value } of changes) {
      const identity = this.rows.identity(row);
      const change = lists.get(identity) ?? { row, columns: [], values: {}, after: null };
      change.columns.push(column);
      change.values[column.name] = value;
      lists.set(identity, change);
    }
    return [...lists.values()];
  }

  // --- sending --------------------------------------------------------------------------------------------------------

  /** The same values for every row go as one request: wholly or not at all. Others one by one, taken back when one fails. */
  async #send(list: readonly RowChange[]): Promise<void> {
    const alike = list.length > 1 && list.every(({ values }) => JSON.stringify(values) === JSON.stringify(list[0]!.values));
    if (alike) await this.#sendAlike(list);
    else if (this.#canGoTogether(list)) await this.#sendTogether(list);
    else await this.#sendEach(list);
  }

  /** A change of the key itself would be an insert. */
  #canGoTogether(list: readonly RowChange[]): boolean {
    return list.length >= MANY && list.every(({ columns }) => columns.every((column) => !column.key));
  }

  async #sendTogether(list: readonly RowChange[]): Promise<void> {
    const now = await this.#reaching(() => readNow(this.rows, list.map(({ row }) => row)));
    const rows = list.map(({ row }) => now.get(this.rows.identity(row)));
    if (!rows.every((row) => row !== undefined)) throw gone();
    const fresh = await this.#reaching(() => writeTogether(this.rows, this.columns, rows, list.map(({ values }) => values)));
    const byIdentity = new Map(fresh.map((row) => [this.rows.identity(row), row]));
    this.#arrived(list, list.map(({ row }) => byIdentity.get(this.rows.identity(row))!));
  }

  async #sendAlike(list: readonly RowChange[]): Promise<void> {
    const byIdentity = new Map(list.map((change) => [this.rows.identity(change.row), change]));
    for (const part of portions(list.map(({ row }) => this.rows.keyOf(row)))) {
      const fresh = await this.#reaching(() => updateRows(this.rows.table, whereKeys(part), list[0]!.values));
      this.#arrived(fresh.flatMap((row) => byIdentity.get(this.rows.identity(row)) ?? []), fresh);
    }
    for (const change of list) if (change.after === null) throw gone();
  }

  async #sendEach(list: readonly RowChange[]): Promise<void> {
    const waiting = [...list];
    const work = async () => {
      for (let change = waiting.shift(); change; change = waiting.shift()) {
        const { row, values } = change;
        const [fresh] = await this.#reaching(() => updateRows(this.rows.table, whereKeys([this.rows.keyOf(row)]), values));
        if (!fresh) throw gone();
        this.#arrived([change], [fresh]);
      }
    };
    const results = await Promise.allSettled(Array.from({ length: Math.min(TOGETHER, list.length) }, work));
    const failed = results.find((result) => result.status === "rejected");
    if (!failed) return;
    const done = list.filter(({ after }) => after !== null);
    if (done.length) await this.#turnNow(done, "back").catch(() => undefined);
    for (const change of done) change.after = null;
    throw failed.reason;
  }

  #arrived(list: readonly RowChange[], fresh: readonly Row[]): void {
    for (const [place, change] of list.entries()) change.after = fresh[place]!;
    this.rows.arrived(list.map(({ row, values, after }) => ({ row, values, fresh: after! })));
  }

  #refuse(list: readonly RowChange[], error: unknown, again: () => void): void {
    for (const { row, values } of list) this.rows.refused(row, values);
    const names = [...new Set(list.flatMap(({ columns }) => columns.map((column) => column.label)))].join(", ");
    const reason = asApiError(error).text;
    const said = list.length === 1 ? t("data.refused.row", { columns: names, reason }) : t("data.refused.rows", { n: list.length, reason });
    toasts.error(said, again, t("retry"));
    this.rows.touched();
  }

  /** Nothing is lost while the server is away: the same request waits until it is back. Only for what may be sent twice. */
  async #reaching<T>(send: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const answer = await send();
        this.waiting = false;
        return answer;
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 0) throw error;
        this.waiting = true;
        await back();
      }
    }
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#queue.then(() => this.#counted(act));
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async #counted<T>(act: () => Promise<T>): Promise<T> {
    this.saving++;
    try {
      return await act();
    } finally {
      this.saving--;
    }
  }

  // --- undo and redo --------------------------------------------------------------------------------------------------

  #turn(list: readonly RowChange[], way: "back" | "forth"): Promise<void> {
    return this.#inTurn(() => this.#turnNow(list, way));
  }

  /** Each row gets the other values, if it still has these. */
  async #turnNow(list: readonly RowChange[], way: "back" | "forth"): Promise<void> {
    const done = list.filter(({ after }) => after !== null);
    const changed = this.#canGoTogether(done) ? await this.#turnTogether(done, way) : await this.#turnEach(done, way);
    if (changed) {
      this.rows.touched();
      throw new ApiError(409, { code: "changed", message: t("data.refused.undo", { n: changed }) });
    }
  }

  /** Answers how many rows were changed elsewhere since, and so were left. */
  async #turnTogether(list: readonly RowChange[], way: "back" | "forth"): Promise<number> {
    const now = await this.#reaching(() => readNow(this.rows, list.map(({ row }) => row)));
    const turns = list.flatMap(({ row, after, columns }) => {
      const current = now.get(this.rows.identity(row));
      const [from, to] = way === "back" ? [after!, row] : [row, after!];
      if (!current || !columns.every(({ name }) => same(current[name], from[name]))) return [];
      return { from, current, values: Object.fromEntries(columns.map(({ name }) => [name, to[name] ?? null])) };
    });
    if (turns.length === 0) return list.length;
    const fresh = await this.#reaching(() => writeTogether(this.rows, this.columns, turns.map(({ current }) => current), turns.map(({ values }) => values)));
    const byIdentity = new Map(fresh.map((row) => [this.rows.identity(row), row]));
    this.rows.arrived(turns.map(({ from, values }) => ({ row: from, values, fresh: byIdentity.get(this.rows.identity(from))! })));
    return list.length - turns.length;
  }

  async #turnEach(list: readonly RowChange[], way: "back" | "forth"): Promise<number> {
    let changed = 0;
    for (const change of list) {
      const after = change.after!;
      const [from, to] = way === "back" ? [after, change.row] : [change.row, after];
      const names = change.columns.map(({ name }) => name);
      const values = Object.fromEntries(names.map((name) => [name, to[name] ?? null]));
      const where: Parameters = [...whereKeys([this.rows.keyOf(from)]), ...this.#still(change.columns, from)];
      const intact = await this.#jsonStill(change.columns, from);
      const [fresh] = intact ? await this.#reaching(() => updateRows(this.rows.table, where, values)) : [];
      if (fresh) this.rows.arrived([{ row: from, values, fresh }]);
      else changed++;
    }
    return changed;
  }

  #still(columns: readonly GridColumn[], row: Row): Parameters {
    const keys = new Set(this.rows.primaryKey);
    return columns.filter(({ kind, name }) => kind !== "json" && !keys.has(name)).map(({ name }) => whereIs(name, row[name] ?? null));
  }

  /** JSON has many spellings for one value, so it is read and compared here. */
  async #jsonStill(columns: readonly GridColumn[], row: Row): Promise<boolean> {
    const json = columns.filter(({ kind }) => kind === "json");
    if (json.length === 0) return true;
    const [now] = await fetchRows(this.rows.table, whereKeys([this.rows.keyOf(row)]), new AbortController().signal);
    return now !== undefined && json.every(({ name }) => same(now[name], row[name]));
  }

  async #delete(rows: readonly Row[]): Promise<Row[]> {
    const deleted = await this.#counted(async () => {
      const lists: Row[][] = [];
      for (const part of portions(rows.map((row) => this.rows.keyOf(row)))) lists.push(await deleteRows(this.rows.table, whereKeys(part)));
      return lists.flat();
    });
    await this.rows.recount();
    return deleted;
  }

  async #add(rows: readonly Row[]): Promise<void> {
    const writable = this.columns.filter((column) => !column.generated).map((column) => column.name);
    const complete = rows.map((row) => Object.fromEntries(writable.filter((name) => name in row).map((name) => [name, row[name]!])));
    await this.#counted(() => insertRows(this.rows.table, complete));
    await this.rows.recount();
  }
}

function gone(): ApiError {
  return new ApiError(404, { code: "gone", message: t("data.refused.gone") });
}

/** When the event stream is back, or after a while. */
function back(): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stop();
      clearTimeout(timer);
      resolve();
    };
    const stop = events.on("hello", done);
    const timer = setTimeout(done, ASK_AGAIN_MS);
  });
}

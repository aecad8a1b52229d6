/** Rows of one view by index, held in blocks: asked for when they come into sight, dropped when long unseen. */

export const BLOCK_SIZE = 200;
export const BLOCKS_KEPT = 60;
/** How long the hand must rest before rows are asked for, in ms: after a small scroll, and after a jump. */
export const WAIT_SMALL = 10;
export const WAIT_JUMP = 60;

export type FetchRows<Row> = (offset: number, limit: number, signal: AbortSignal) => Promise<Row[]>;

export interface BlocksOptions<Row> {
  fetch: FetchRows<Row>;
  /** Rows arrived, went or changed: draw again. */
  changed: () => void;
  /** A block could not be read. It is asked for again by `retry`, or by coming into sight again. */
  failed: (error: unknown) => void;
  /** Called with what stood in a block before and what came, when a block is read again. */
  renewed?: (offset: number, before: Row[], after: Row[]) => void;
}

export class Blocks<Row> {
  total = 0;
  readonly #options: BlocksOptions<Row>;
  /** In order of last use, oldest first. */
  readonly #blocks = new Map<number, Row[]>();
  readonly #stale = new Set<number>();
  readonly #failed = new Set<number>();
  readonly #running = new Map<number, AbortController>();
  #window = { first: 0, last: 0 };
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: BlocksOptions<Row>) {
    this.#options = options;
  }

  row(index: number): Row | undefined {
    return this.#blocks.get(Math.floor(index / BLOCK_SIZE))?.[index % BLOCK_SIZE];
  }

  /** Change rows that are in memory, wherever they stand. Null leaves a row as it is. */
  amend(change: (row: Row) => Row | null): void {
    for (const rows of this.#blocks.values()) {
      for (const [place, row] of rows.entries()) {
        const changed = change(row);
        if (changed !== null) rows[place] = changed;
      }
    }
  }

  /** The index of a row in memory, or -1. */
  find(test: (row: Row) => boolean): number {
    for (const [block, rows] of this.#blocks) {
      const place = rows.findIndex(test);
      if (place >= 0) return block * BLOCK_SIZE + place;
    }
    return -1;
  }

  get size(): number {
    return this.#blocks.size;
  }

  get loading(): boolean {
    return this.#running.size > 0;
  }

  /** Rows `first` to `last` are in sight: ask for those that are missing, once the hand rests. */
  look(first: number, last: number, jumped: boolean): void {
    this.#window = { first, last };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(), jumped ? WAIT_JUMP : WAIT_SMALL);
  }

  /** What is in memory may be old: read again what is in sight (showing the old until then), forget the rest. */
  invalidate(): void {
    this.forgetUnseen();
    for (const block of this.#blocks.keys()) this.#stale.add(block);
    this.#abort(() => true);
    this.#load();
  }

  /** Indexes and rows of the blocks that are in sight. */
  *inSight(): Generator<[number, Row]> {
    for (const block of this.#wanted()) {
      for (const [place, row] of (this.#blocks.get(block) ?? []).entries()) yield [block * BLOCK_SIZE + place, row];
    }
  }

  /** Forget what is out of sight: it is read again when it is looked at. */
  forgetUnseen(): void {
    const wanted = this.#wanted();
    for (const block of [...this.#blocks.keys()]) if (!wanted.has(block)) this.#blocks.delete(block);
  }

  /** Another view: forget everything. */
  reset(): void {
    this.#abort(() => true);
    clearTimeout(this.#timer);
    this.#blocks.clear();
    this.#stale.clear();
    this.#failed.clear();
  }

  retry(): void {
    this.#failed.clear();
    this.#load();
  }

  /** Read rows `first` to `last` (inclusive) wherever they are, for copying and filling beyond what is in sight. */
  async read(first: number, last: number, signal: AbortSignal): Promise<Row[]> {
    const rows: Row[] = [];
    for (let block = Math.floor(first / BLOCK_SIZE); block <= Math.floor(last / BLOCK_SIZE); block++) {
      const offset = block * BLOCK_SIZE;
      const held = this.#blocks.get(block) ?? (await this.#options.fetch(offset, BLOCK_SIZE, signal));
      rows.push(...held.slice(Math.max(0, first - offset), last - offset + 1));
    }
    return rows;
  }

  #wanted(): Set<number> {
    const wanted = new Set<number>();
    const last = Math.min(this.#window.last, this.total - 1);
    for (let block = Math.floor(Math.max(0, this.#window.first) / BLOCK_SIZE); block * BLOCK_SIZE <= last; block++) {
      wanted.add(block);
    }
    return wanted;
  }

  #load(): void {
    const wanted = this.#wanted();
    this.#abort((block) => !wanted.has(block));
    for (const block of this.#failed) if (!wanted.has(block)) this.#failed.delete(block);
    for (const block of wanted) {
      const rows = this.#blocks.get(block);
      if (rows) this.#use(block, rows);
      if (this.#running.has(block) || this.#failed.has(block)) continue;
      if (!rows || this.#stale.has(block)) void this.#fetch(block);
    }
  }

  async #fetch(block: number): Promise<void> {
    const controller = new AbortController();
    this.#running.set(block, controller);
    try {
      const rows = await this.#options.fetch(block * BLOCK_SIZE, BLOCK_SIZE, controller.signal);
      if (!controller.signal.aborted) this.#arrived(block, rows);
    } catch (error) {
      if (controller.signal.aborted) return;
      this.#running.delete(block);
      this.#failed.add(block);
      this.#options.failed(error);
    }
  }

  #arrived(block: number, rows: Row[]): void {
    this.#running.delete(block);
    this.#stale.delete(block);
    const before = this.#blocks.get(block);
    this.#use(block, rows);
    if (before) this.#options.renewed?.(block * BLOCK_SIZE, before, rows);
    this.#dropOldest();
    this.#options.changed();
  }

  #use(block: number, rows: Row[]): void {
    this.#blocks.delete(block);
    this.#blocks.set(block, rows);
  }

  #dropOldest(): void {
    for (const block of this.#blocks.keys()) {
      if (this.#blocks.size <= BLOCKS_KEPT) return;
      this.#blocks.delete(block);
      this.#stale.delete(block);
    }
  }

  #abort(which: (block: number) => boolean): void {
    for (const [block, controller] of this.#running) {
      if (!which(block)) continue;
      this.#running.delete(block);
      controller.abort();
    }
  }
}

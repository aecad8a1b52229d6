/**
 * The state of one grid: where it looks, what is selected, what is being edited.
 * It knows rows only through `GridRows`; drawing is in the components beside it.
 */

import { layOut, MIN_WIDTH, numberWidth, visibleColumns, type ColumnLayout, type GridColumn } from "./columns";
import { ScrollMap, ScrollPosition } from "./scroll";
import { box, collapse, move, select, selectAll, selectRows, START, type Box, type CellPlace, type Extent, type Move, type Selection } from "./selection";
import { editText, same, type Row, type Value } from "./values";

/** What a cell says beside its value: it is being saved, was refused, or was changed elsewhere a moment ago. */
export type Mark = "saving" | "refused" | "changed";
export type Marks = Readonly<Record<string, Mark>>;

export interface CellChange {
  index: number;
  row: Row;
  column: GridColumn;
  value: Value;
}

/** Where rows come from. Reading `row` and `marks` must be reactive. */
export interface GridRows {
  readonly total: number;
  row(index: number): Row | undefined;
  marks(index: number): Marks | undefined;
  /** Rows `first` to `last`, also those that are not in memory. */
  read(first: number, last: number): Promise<Row[]>;
  /** Tells one row from another while the order changes. */
  identity(row: Row): string;
  /** These rows are in sight. */
  look(first: number, last: number, jumped: boolean): void;
}

export interface Editing {
  place: CellPlace;
  column: GridColumn;
  /** The row as it was when the edit began. */
  row: Row;
  text: string;
  /** Typing replaced the value: the caret stands at the end and nothing is marked. */
  typed: boolean;
  /** The cell's value now, when somebody else has changed it since. */
  theirs: { value: Value } | null;
  problem: string | null;
}

/** Rows drawn beyond the edge of the view, so that a small scroll shows no gap. */
const OVERSCAN = 2;
/** Rows are placed relative to a base that moves in steps: large offsets would be rounded by the compositor. */
const BASE_STEP = 100_000;

export class GridState {
  readonly id: string;
  columns = $state.raw<readonly GridColumn[]>([]);
  widths = $state.raw<readonly number[]>([]);
  rowHeight = $state(32);
  viewHeight = $state(600);
  viewWidth = $state(1_000);
  left = $state(0);
  selection = $state.raw<Selection>(START);
  editing = $state.raw<Editing | null>(null);
  /** Said by a screen reader: copies, counts, saves. */
  announcement = $state("");
  #rows = $state.raw<GridRows>();
  /** The first row drawn. */
  first = $state(0);
  /** The place that rows are placed relative to. */
  base = $state(0);
  /** How far the layer is moved: the only thing that changes with every pixel scrolled. */
  shift = $state(0);
  #position = new ScrollPosition();

  readonly total = $derived.by(() => this.#rows?.total ?? 0);
  readonly map = $derived(new ScrollMap(this.total, this.rowHeight, this.viewHeight));
  readonly layout: ColumnLayout = $derived(layOut(this.widths, numberWidth(this.total)));
  /** How many rows are drawn. It does not change while scrolling: rows are recycled, not made. */
  readonly slotCount = $derived(Math.min(this.total, Math.ceil(this.viewHeight / this.rowHeight) + 2 * OVERSCAN + 1));
  /** The row that each slot shows: `slot = index % count`, so a row keeps its elements while it is in sight. */
  readonly slots = $derived.by(() => this.#slots());
  readonly columnsInView = $derived(visibleColumns(this.layout, this.left, this.viewWidth));
  readonly box: Box = $derived(box(this.selection, this.columns.length));
  readonly extent: Extent = $derived({
    rows: this.total,
    columns: this.columns.length,
    page: Math.max(1, Math.floor(this.viewHeight / this.rowHeight) - 1),
  });

  constructor(id: string) {
    this.id = id;
  }

  get rows(): GridRows {
    return this.#rows!;
  }

  use(rows: GridRows): void {
    this.#rows = rows;
  }

  get top(): number {
    return this.#position.top;
  }

  /** Draw what the position says. A signal that keeps its value costs nothing, so each has its own. */
  #follow(): void {
    const { top } = this.#position;
    this.first = Math.max(0, Math.floor(top / this.rowHeight) - OVERSCAN);
    this.base = Math.floor(top / BASE_STEP) * BASE_STEP;
    this.shift = this.base - top;
  }

  #slots(): number[] {
    const count = this.slotCount;
    const first = Math.max(0, Math.min(this.first, this.total - count));
    const slots = new Array<number>(count);
    for (let index = first; index < first + count; index++) slots[index % count] = index;
    return slots;
  }

  /** Top edge of a row in the layer, in px. */
  rowTop(index: number): number {
    return index * this.rowHeight - this.base;
  }

  // --- scrolling ------------------------------------------------------------------------------------------------------

  /** Take a scroll event. The answer is the offset to put the scrollbar to at once, or null. */
  scrolled(physical: number, left: number): number | null {
    this.left = left;
    const { moved, jumped } = this.#position.scrolled(physical, this.map, this.viewHeight);
    if (!moved) return null;
    this.#follow();
    this.look(jumped);
    return this.#position.stuck(this.map) ? this.map.toPhysical(this.top) : null;
  }

  look(jumped: boolean): void {
    this.rows.look(this.first, this.first + this.slotCount, jumped);
  }

  outOfStep(): number | null {
    return this.#position.outOfStep(this.map);
  }

  took(physical: number): void {
    this.#position.took(physical);
  }

  /** Scroll so that the row is in view; the answer is where the scrollbar belongs, or null when it was in view. */
  reveal(index: number): number | null {
    const top = index * this.rowHeight;
    const above = top < this.top;
    if (!above && top + this.rowHeight <= this.top + this.viewHeight) return null;
    return this.goTo(above ? top : top + this.rowHeight - this.viewHeight);
  }

  goTo(virtual: number): number {
    const before = this.top;
    const physical = this.#position.goTo(virtual, this.map);
    this.#follow();
    this.look(Math.abs(this.top - before) > 2 * this.viewHeight);
    return physical;
  }

  /** The rows or the height changed: stay where we are, as far as there are rows. */
  settle(): number {
    return this.goTo(this.top);
  }

  // --- selection ------------------------------------------------------------------------------------------------------

  get focusColumn(): GridColumn | undefined {
    return this.columns[this.selection.focus.column];
  }

  get focusRow(): Row | undefined {
    return this.#rows?.row(this.selection.focus.row);
  }

  move(how: Move, extend: boolean): void {
    this.selection = move(this.selection, how, this.extent, extend);
  }

  select(place: CellPlace, extend: boolean): void {
    this.selection = select(this.selection, place, this.extent, extend);
  }

  selectRows(row: number, extend: boolean): void {
    this.selection = selectRows(this.selection, row, this.extent, extend);
  }

  selectAll(): void {
    this.selection = selectAll(this.extent);
  }

  collapse(): void {
    this.selection = collapse(this.selection);
  }

  get isRange(): boolean {
    const { top, bottom, left, right } = this.box;
    return top !== bottom || left !== right;
  }

  /** Stay on a cell that exists after rows or columns went. */
  keepInside(): void {
    const { focus, anchor, rows } = this.selection;
    const inside = (place: CellPlace) => place.row < Math.max(1, this.total) && place.column < Math.max(1, this.columns.length);
    if (inside(focus) && inside(anchor)) return;
    this.selection = { ...select(this.selection, focus, this.extent, false), rows: rows && inside(focus) };
  }

  // --- editing --------------------------------------------------------------------------------------------------------

  /** Begin to edit the cell in focus. Answers whether there was something to edit. */
  edit(typed: string | null): boolean {
    const column = this.focusColumn;
    const row = this.focusRow;
    if (!column || !row) return false;
    this.selection = collapse(this.selection);
    this.editing = {
      place: this.selection.focus,
      column,
      row,
      text: typed ?? editText(row[column.name], column.kind),
      typed: typed !== null,
      theirs: null,
      problem: null,
    };
    return true;
  }

  amend(change: Partial<Pick<Editing, "text" | "problem">>): void {
    if (this.editing) this.editing = { ...this.editing, ...change };
  }

  stopEditing(): void {
    this.editing = null;
  }

  /** A row was read again: does it contradict what is being edited? */
  contradict(row: Row): void {
    const editing = this.editing;
    if (!editing || this.rows.identity(row) !== this.rows.identity(editing.row)) return;
    const now = row[editing.column.name];
    const theirs = now === undefined || same(now, editing.row[editing.column.name]) ? null : { value: now };
    if (theirs || editing.theirs) this.editing = { ...editing, theirs };
  }

  /** Keep mine: from here on, theirs is what was there before. */
  keepMine(): void {
    const editing = this.editing;
    if (!editing?.theirs) return;
    this.editing = { ...editing, row: { ...editing.row, [editing.column.name]: editing.theirs.value }, theirs: null };
  }

  // --- columns --------------------------------------------------------------------------------------------------------

  width(column: number): number {
    return this.widths[column] ?? MIN_WIDTH;
  }
}

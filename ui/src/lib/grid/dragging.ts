/** Selecting with the pointer: from the cell under it, over the edge, and on while it rests there. */

import type { GridState } from "./grid.svelte";
import type { CellPlace } from "./selection";

const TICK_MS = 50;

export interface Frame {
  /** Left and top of the view on the screen, the head's height, and how far it is scrolled to the right, in px. */
  left: number;
  top: number;
  head: number;
  scrollLeft: number;
}

/** The cell under the pointer, also beyond the last row and column; `number` when it is on the row numbers. */
export function placeAt(event: PointerEvent, grid: GridState, { left, top, head, scrollLeft }: Frame): CellPlace & { number: boolean } {
  const x = event.clientX - left;
  const row = Math.floor((event.clientY - top - head + grid.top) / grid.rowHeight);
  const { lefts, start } = grid.layout;
  let column = 0;
  while (column < lefts.length - 1 && lefts[column + 1]! <= x + scrollLeft) column++;
  return { row, column, number: x < start };
}

export class Dragging {
  #last: PointerEvent | null = null;
  #rows = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    readonly grid: GridState,
    readonly frame: () => Frame,
    readonly reveal: (place: CellPlace) => void,
  ) {}

  /** `rows`: whole rows are taken. */
  start(event: PointerEvent, rows: boolean): void {
    this.#last = event;
    this.#rows = rows;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    this.#timer = setInterval(() => this.#follow(), TICK_MS);
  }

  move(event: PointerEvent): void {
    if (!this.#last) return;
    this.#last = event;
    this.#follow();
  }

  /** Answers whether there was a drag. */
  end(): boolean {
    const dragged = this.#last !== null;
    this.#last = null;
    clearInterval(this.#timer);
    return dragged;
  }

  /** Also called by the clock, so that the rows go on scrolling while the pointer rests beyond the edge. */
  #follow(): void {
    if (!this.#last) return;
    const place = placeAt(this.#last, this.grid, this.frame());
    const { row, column } = this.grid.selection.focus;
    if (place.row === row && (this.#rows || place.column === column)) return;
    if (this.#rows) this.grid.selectRows(place.row, true);
    else this.grid.select(place, true);
    this.reveal(this.grid.selection.focus);
  }
}

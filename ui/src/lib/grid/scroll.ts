/**
 * Where the grid is looking, when the rows are taller than a browser lets an element be.
 *
 *   virtual  0 ─────────── all rows × row height ───────────▶ (320,000,000 px at 10 million rows)
 *   physical 0 ── 1:1 ──┤ linear, `ratio` px for one ├── 1:1 ── 8,000,000 px at most: the scrollbar
 *
 * Engines cap an element at 16 to 33 million px. A small move is taken exactly, so a turn of the wheel
 * is the same number of rows anywhere; a large one (the thumb is dragged) goes through the map; when the
 * hand rests the scrollbar is put back in step with the rows.
 */

/** The tallest scroll range, in px. */
export const PHYSICAL_LIMIT = 8_000_000;
/** How much at each end maps 1:1, in px: nobody sees a jump while arriving at the first or last row. */
export const EXACT_EDGE = 1_000_000;
/** How long after the last scroll event the scrollbar is put back in step, in ms. */
export const RESYNC_AFTER = 120;

export class ScrollMap {
  readonly virtualHeight: number;
  readonly physicalHeight: number;
  /** The largest scroll offsets; both 0 when everything fits. */
  readonly virtualEnd: number;
  readonly physicalEnd: number;
  readonly mapped: boolean;
  readonly #ratio: number;

  constructor(rows: number, rowHeight: number, viewport: number) {
    this.virtualHeight = rows * rowHeight;
    this.physicalHeight = Math.min(this.virtualHeight, PHYSICAL_LIMIT);
    this.virtualEnd = Math.max(0, this.virtualHeight - viewport);
    this.physicalEnd = Math.max(0, this.physicalHeight - viewport);
    this.mapped = this.virtualEnd > this.physicalEnd;
    this.#ratio = this.mapped ? (this.virtualEnd - 2 * EXACT_EDGE) / (this.physicalEnd - 2 * EXACT_EDGE) : 1;
  }

  toVirtual(physical: number): number {
    if (!this.mapped || physical <= EXACT_EDGE) return physical;
    if (physical >= this.physicalEnd - EXACT_EDGE) return this.virtualEnd - (this.physicalEnd - physical);
    return EXACT_EDGE + (physical - EXACT_EDGE) * this.#ratio;
  }

  toPhysical(virtual: number): number {
    if (!this.mapped || virtual <= EXACT_EDGE) return Math.round(virtual);
    if (virtual >= this.virtualEnd - EXACT_EDGE) return Math.round(this.physicalEnd - (this.virtualEnd - virtual));
    return Math.round(EXACT_EDGE + (virtual - EXACT_EDGE) / this.#ratio);
  }

  clamp(virtual: number): number {
    return Math.max(0, Math.min(this.virtualEnd, virtual));
  }
}

/** The position in virtual px, moved by scroll events and by `goTo`. */
export class ScrollPosition {
  top = 0;
  #physical = 0;

  /** Take a scroll event's offset. Says whether the rows moved, and whether it was a jump (more than two screens). */
  scrolled(physical: number, map: ScrollMap, viewport: number): { moved: boolean; jumped: boolean } {
    const distance = physical - this.#physical;
    this.#physical = physical;
    if (distance === 0) return { moved: false, jumped: false };
    const jumped = Math.abs(distance) > viewport * 2;
    this.top = map.clamp(map.mapped && !jumped ? this.top + distance : map.toVirtual(physical));
    return { moved: true, jumped };
  }

  /**
   * The offset to give the scrollbar now, or null when it is in step. Asked for when the hand rests, and
   * at once when the scrollbar has come to an end of its track before the rows have.
   */
  outOfStep(map: ScrollMap): number | null {
    const wanted = map.toPhysical(this.top);
    return Math.abs(wanted - this.#physical) < 1 ? null : wanted;
  }

  stuck(map: ScrollMap): boolean {
    const down = this.#physical >= map.physicalEnd - 1 && this.top < map.virtualEnd;
    const up = this.#physical <= 0 && this.top > 0;
    return map.mapped && (down || up);
  }

  /** Look at `virtual`; the answer is the offset to give the scrollbar. */
  goTo(virtual: number, map: ScrollMap): number {
    this.top = map.clamp(virtual);
    return map.toPhysical(this.top);
  }

  /** What the scrollbar really took: engines round to device pixels. */
  took(physical: number): void {
    this.#physical = physical;
  }
}

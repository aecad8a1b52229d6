/** Sum and number of the numbers in the rectangle, for the status bar. */

import { isNumeric } from "$lib/grid/columns";
import type { GridState } from "$lib/grid/grid.svelte";
import type { Box } from "$lib/grid/selection";

const MOST_ROWS = 10_000;
const WAIT_MS = 80;

export class Figures {
  sum = $state(0);
  /** How many numbers there are; 0 also when there are too many rows to read. */
  count = $state(0);

  /** To be called in an effect: reads the rectangle and adds up once it rests. */
  follow(grid: GridState): () => void {
    const { box } = grid;
    const columns = grid.columns.slice(box.left, box.right + 1).filter((column) => isNumeric(column.kind) && !column.key);
    const rows = box.bottom - box.top + 1;
    if (columns.length === 0 || rows > MOST_ROWS || rows * columns.length < 2 || grid.total === 0) {
      this.count = 0;
      return () => undefined;
    }
    let stopped = false;
    const timer = setTimeout(() => void this.#add(grid, box, columns.map(({ name }) => name), () => stopped), WAIT_MS);
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }

  async #add(grid: GridState, box: Box, names: string[], stopped: () => boolean): Promise<void> {
    const rows = await grid.rows.read(box.top, box.bottom).catch(() => []);
    if (stopped()) return;
    const numbers = rows.flatMap((row) => names.map((name) => row[name])).filter((value) => value !== null && value !== undefined && value !== "");
    this.count = numbers.length;
    this.sum = Number(numbers.reduce<number>((sum, value) => sum + Number(value), 0).toPrecision(15));
  }
}

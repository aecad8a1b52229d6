import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BLOCK_SIZE, BLOCKS_KEPT, Blocks, WAIT_JUMP, WAIT_SMALL } from "./blocks";

interface Call {
  offset: number;
  signal: AbortSignal;
  answer: (rows?: number[]) => Promise<void>;
  refuse: (error: Error) => Promise<void>;
}

function set(total: number) {
  const calls: Call[] = [];
  const changed = vi.fn();
  const failed = vi.fn();
  const renewed = vi.fn();
  const blocks = new Blocks<number>({
    fetch: (offset, limit, signal) =>
      new Promise((resolve, reject) => {
        const rows = Array.from({ length: Math.min(limit, total - offset) }, (_, place) => offset + place);
        const settle = async (act: () => void) => {
          act();
          await Promise.resolve();
          await Promise.resolve();
        };
        calls.push({
          offset,
          signal,
          answer: (given) => settle(() => resolve(given ?? rows)),
          refuse: (error) => settle(() => reject(error)),
        });
      }),
    changed,
    failed,
    renewed,
  });
  blocks.total = total;
  return { blocks, calls, changed, failed, renewed };
}

describe("Blocks", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("asks for the blocks in sight and gives rows by index", async () => {
    const { blocks, calls, changed } = set(1_000);
    blocks.look(190, 230, false);
    vi.advanceTimersByTime(WAIT_SMALL);
    expect(calls.map((call) => call.offset)).toEqual([0, 200]);
    expect(blocks.row(195)).toBeUndefined();
    await calls[0]!.answer();
    await calls[1]!.answer();
    expect([blocks.row(195), blocks.row(205), blocks.row(999)]).toEqual([195, 205, undefined]);
    expect(changed).toHaveBeenCalledTimes(2);
  });

  it("waits longer after a jump, and only asks for where the hand came to rest", () => {
    const { blocks, calls } = set(1_000_000);
    for (const first of [100_000, 400_000, 700_000]) blocks.look(first, first + 40, true);
    vi.advanceTimersByTime(WAIT_JUMP - 1);
    expect(calls).toHaveLength(0);
    vi.advanceTimersByTime(1);
    expect(calls.map((call) => call.offset)).toEqual([700_000]);
  });

  it("aborts what has left the screen and drops its answer", async () => {
    const { blocks, calls } = set(10_000);
    blocks.look(0, 40, false);
    vi.advanceTimersByTime(WAIT_SMALL);
    blocks.look(5_000, 5_040, false);
    vi.advanceTimersByTime(WAIT_SMALL);
    expect(calls[0]!.signal.aborted).toBe(true);
    await calls[0]!.answer();
    expect(blocks.row(0)).toBeUndefined();
  });

  it("never asks past the end", () => {
    const { blocks, calls } = set(150);
    blocks.look(100, 600, false);
    vi.advanceTimersByTime(WAIT_SMALL);
    expect(calls.map((call) => call.offset)).toEqual([0]);
  });

  it("keeps the newest blocks and drops the oldest", async () => {
    const { blocks, calls } = set(1_000_000);
    for (let block = 0; block < BLOCKS_KEPT + 5; block++) {
      blocks.look(block * BLOCK_SIZE, block * BLOCK_SIZE + 10, false);
      vi.advanceTimersByTime(WAIT_SMALL);
      await calls.at(-1)!.answer();
    }
    expect(blocks.size).toBe(BLOCKS_KEPT);
    expect(blocks.row(0)).toBeUndefined();
    expect(blocks.row((BLOCKS_KEPT + 4) * BLOCK_SIZE)).toBe((BLOCKS_KEPT + 4) * BLOCK_SIZE);
  });

  it("shows the old while it reads again, forgets what is out of sight, and tells what was renewed", async () => {
    const { blocks, calls, renewed } = set(10_000);
    for (const first of [0, 400]) {
      blocks.look(first, first + 40, false);
      vi.advanceTimersByTime(WAIT_SMALL);
      await calls.at(-1)!.answer();
    }
    blocks.invalidate();
    expect(blocks.row(0)).toBeUndefined();
    expect(blocks.row(401)).toBe(401);
    expect(calls.at(-1)!.offset).toBe(400);
    await calls.at(-1)!.answer([7, 8]);
    expect(blocks.row(401)).toBe(8);
    expect(renewed).toHaveBeenCalledOnce();
  });

  it("tells a failure once and asks again on retry", async () => {
    const { blocks, calls, failed } = set(1_000);
    blocks.look(0, 40, false);
    vi.advanceTimersByTime(WAIT_SMALL);
    await calls[0]!.refuse(new Error("down"));
    blocks.look(1, 41, false);
    vi.advanceTimersByTime(WAIT_SMALL);
    expect(failed).toHaveBeenCalledOnce();
    expect(calls).toHaveLength(1);
    blocks.retry();
    expect(calls).toHaveLength(2);
  });

  it("finds and amends rows wherever they stand", async () => {
    const { blocks, calls } = set(1_000);
    blocks.look(0, 10, false);
    vi.advanceTimersByTime(WAIT_SMALL);
    await calls[0]!.answer();
    expect([blocks.find((row) => row === 7), blocks.find((row) => row === 900)]).toEqual([7, -1]);
    blocks.amend((row) => (row === 7 ? 70 : null));
    expect([blocks.row(6), blocks.row(7)]).toEqual([6, 70]);
    expect([...blocks.inSight()]).toHaveLength(BLOCK_SIZE);
  });

  it("reads a range across blocks, from memory where it can", async () => {
    const { blocks, calls } = set(1_000);
    blocks.look(0, 10, false);
    vi.advanceTimersByTime(WAIT_SMALL);
    await calls[0]!.answer();
    const read = blocks.read(198, 201, new AbortController().signal);
    await calls[1]!.answer();
    expect(await read).toEqual([198, 199, 200, 201]);
    expect(calls).toHaveLength(2);
  });
});

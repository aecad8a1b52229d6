import { describe, expect, it } from "vitest";
import { EXACT_EDGE, PHYSICAL_LIMIT, ScrollMap, ScrollPosition } from "./scroll";

const ROW = 32;
const VIEW = 800;

describe("ScrollMap", () => {
  it("is the identity while everything fits into the browser's limit", () => {
    const map = new ScrollMap(100_000, ROW, VIEW);
    expect(map.mapped).toBe(false);
    for (const offset of [0, 1, 123_456, map.virtualEnd]) expect(map.toVirtual(map.toPhysical(offset))).toBe(offset);
  });

  it("never asks for more than the limit and reaches both ends exactly", () => {
    const map = new ScrollMap(10_000_000, ROW, VIEW);
    expect(map.physicalHeight).toBe(PHYSICAL_LIMIT);
    expect(map.toVirtual(0)).toBe(0);
    expect(map.toVirtual(map.physicalEnd)).toBe(map.virtualEnd);
    expect(map.toPhysical(map.virtualEnd)).toBe(map.physicalEnd);
  });

  it("maps the first and last million pixels one to one", () => {
    const map = new ScrollMap(10_000_000, ROW, VIEW);
    expect(map.toVirtual(EXACT_EDGE)).toBe(EXACT_EDGE);
    expect(map.toVirtual(999_968)).toBe(999_968);
    expect(map.virtualEnd - map.toVirtual(map.physicalEnd - 640)).toBe(640);
  });

  it("never runs backwards", () => {
    const map = new ScrollMap(336_776, ROW, VIEW);
    expect(map.mapped).toBe(true);
    let before = -1;
    for (let offset = 0; offset <= map.physicalEnd; offset += 997) {
      const here = map.toVirtual(offset);
      expect(here).toBeGreaterThan(before);
      before = here;
    }
  });

  it("comes back to the same row by way of the scrollbar, within one pixel of it", () => {
    const map = new ScrollMap(10_000_000, ROW, VIEW);
    const perPixel = map.virtualEnd / map.physicalEnd;
    for (const row of [0, 5, 31_000, 5_000_000, 9_970_000, 9_999_975]) {
      expect(Math.abs(map.toVirtual(map.toPhysical(row * ROW)) - row * ROW)).toBeLessThan(perPixel * 2);
    }
  });

  it("has nowhere to go when there is nothing", () => {
    const map = new ScrollMap(0, ROW, VIEW);
    expect([map.virtualEnd, map.physicalEnd, map.toVirtual(0), map.clamp(99)]).toEqual([0, 0, 0, 0]);
  });
});

describe("ScrollPosition", () => {
  const map = new ScrollMap(10_000_000, ROW, VIEW);

  function at(row: number): ScrollPosition {
    const position = new ScrollPosition();
    position.took(position.goTo(row * ROW, map));
    return position;
  }

  it("moves a wheel turn by the same number of pixels at row 5 and at row 5,000,000", () => {
    for (const row of [5, 5_000_000]) {
      const position = at(row);
      const turn = map.toPhysical(row * ROW) + 120;
      expect(position.scrolled(turn, map, VIEW)).toEqual({ moved: true, jumped: false });
      expect(position.top).toBe(row * ROW + 120);
    }
  });

  it("takes a drag of the thumb through the map", () => {
    const position = at(0);
    expect(position.scrolled(4_000_000, map, VIEW).jumped).toBe(true);
    expect(position.top).toBeCloseTo(map.toVirtual(4_000_000));
  });

  it("says where the scrollbar belongs after exact moves, and is quiet once it is there", () => {
    const position = at(5_000_000);
    let physical = map.toPhysical(5_000_000 * ROW);
    for (let turn = 0; turn < 50; turn++) position.scrolled((physical += 120), map, VIEW);
    const wanted = position.outOfStep(map);
    expect(wanted).toBe(map.toPhysical(position.top));
    position.took(wanted as number);
    expect(position.outOfStep(map)).toBeNull();
    expect(position.scrolled(wanted as number, map, VIEW).moved).toBe(false);
  });

  it("notices a scrollbar at the end of its track before the rows are", () => {
    const position = at(5_000_000);
    position.took(map.physicalEnd - 50);
    position.scrolled(map.physicalEnd, map, VIEW);
    expect(position.stuck(map)).toBe(true);
    expect(at(9_999_999).stuck(map)).toBe(false);
  });
});

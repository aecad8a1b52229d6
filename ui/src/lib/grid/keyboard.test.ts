import { describe, expect, it } from "vitest";
import { commandOf } from "./keyboard";

function press(key: string, ...held: ("ctrl" | "shift" | "alt" | "meta")[]) {
  return commandOf({
    key, ctrlKey: held.includes("ctrl"), shiftKey: held.includes("shift"), altKey: held.includes("alt"), metaKey: held.includes("meta"),
  });
}

describe("commandOf", () => {
  it("moves, to the edges with Ctrl or Cmd, and extends with Shift", () => {
    expect(press("ArrowDown")).toEqual({ do: "move", how: "down", extend: false });
    expect(press("End", "ctrl", "shift")).toEqual({ do: "move", how: "last", extend: true });
    expect(press("ArrowUp", "meta")).toEqual({ do: "move", how: "top", extend: false });
  });

  it("edits by Enter and F2, and by typing", () => {
    expect([press("Enter"), press("F2")]).toEqual([{ do: "edit" }, { do: "edit" }]);
    expect(press("A", "shift")).toEqual({ do: "type", text: "A" });
    expect(press("€", "ctrl", "alt")).toEqual({ do: "type", text: "€" });
  });

  it("leaves the browser's and the page's keys alone", () => {
    for (const key of ["t", "w", "n", "l", "r", "f", "z", "k", "v"]) expect(press(key, "ctrl")).toBeNull();
    expect([press("z", "ctrl", "shift"), press("Tab"), press("F5"), press("Shift")]).toEqual([null, null, null, null]);
  });
});

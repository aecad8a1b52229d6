import { describe, expect, it } from "vitest";
import { isPlain, label, spell, type Pressed } from "./keys";

const none: Omit<Pressed, "key"> = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };

describe("spell", () => {
  it("names combinations the same on every platform", () => {
    expect(spell({ ...none, key: "k", ctrlKey: true }, false)).toBe("mod+k");
    expect(spell({ ...none, key: "k", metaKey: true }, true)).toBe("mod+k");
    expect(spell({ ...none, key: "\\", ctrlKey: true }, false)).toBe("mod+\\");
    expect(spell({ ...none, key: "Z", ctrlKey: true, shiftKey: true }, false)).toBe("mod+shift+z");
    expect(spell({ ...none, key: " " }, false)).toBe("space");
  });

  it("takes a sign by what it is, however it was typed", () => {
    expect(spell({ ...none, key: "?", shiftKey: true }, false)).toBe("?");
    expect(spell({ ...none, key: "/", shiftKey: true }, false)).toBe("/");
  });
});

describe("isPlain", () => {
  it("knows keys that would type into a field", () => {
    expect(["g", "?", "/"].every(isPlain)).toBe(true);
    expect(["mod+k", "alt+x", "enter", "shift+f"].some(isPlain)).toBe(false);
  });
});

describe("label", () => {
  it("is what the key says", () => {
    expect(label("mod+shift+z", false)).toBe("Ctrl Shift Z");
    expect(label("mod+k", true)).toBe("⌘ K");
    expect(label("g h", false)).toBe("G H");
  });
});

import { describe, expect, it } from "vitest";
import { highlight } from "./highlight";

const text = (code: string, language: Parameters<typeof highlight>[1]) =>
  highlight(code, language)
    .map((piece) => piece.text)
    .join("");

describe("highlight", () => {
  it("loses nothing of the code", () => {
    for (const code of ["", "from rolltop import connect\n\ndb = connect()", 'curl -H "a: \\"b\\""  # note', "const x = 'it''s'; // 'open"]) {
      for (const language of ["python", "javascript", "curl", "text"] as const) expect(text(code, language)).toBe(code);
    }
  });

  it("tells keywords, calls, text, numbers and comments apart", () => {
    expect(highlight('from a import b # it\'s\nb(1, "x")', "python").filter((piece) => piece.kind)).toEqual([
      { kind: "k", text: "from" },
      { kind: "k", text: "import" },
      { kind: "c", text: "# it's" },
      { kind: "f", text: "b" },
      { kind: "n", text: "1" },
      { kind: "s", text: '"x"' },
    ]);
  });
});

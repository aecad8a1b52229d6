import { describe, expect, it } from "vitest";
import { backoff, parser } from "./sse";

const STREAM = 'retry: 1000\nid: 7\nevent: hello\ndata: {"instance":"a"}\n\n: still here\n\nid: 8\nevent: rows\ndata: {"table":\ndata: "flights"}\n\n';
const HEARD = [
  { id: "7", event: "hello", data: '{"instance":"a"}' },
  { id: "8", event: "rows", data: '{"table":\n"flights"}' },
];

describe("parser", () => {
  it("reads messages, joins their lines, leaves comments out", () => {
    expect(parser()(STREAM)).toEqual(HEARD);
  });

  it("reads the same wherever the network cuts the text", () => {
    for (let cut = 1; cut < STREAM.length; cut++) {
      const read = parser();
      expect([...read(STREAM.slice(0, cut)), ...read(STREAM.slice(cut))]).toEqual(HEARD);
    }
    const read = parser();
    expect([...STREAM].flatMap((letter) => read(letter))).toEqual(HEARD);
  });

  it("takes CR LF and CR for line ends, also when they are cut in two", () => {
    const text = STREAM.replaceAll("\n", "\r\n");
    for (let cut = 1; cut < text.length; cut++) {
      const read = parser();
      expect([...read(text.slice(0, cut)), ...read(text.slice(cut))]).toEqual(HEARD);
    }
    expect(parser()("data: a\r\rdata: b\r\r:")).toEqual([
      { id: null, event: "message", data: "a" },
      { id: null, event: "message", data: "b" },
    ]);
  });

  it("keeps the last id for messages without one, and forgets half a message", () => {
    const read = parser();
    expect(read("id: 1\ndata: a\n\ndata: b\n\ndata: never ended")).toEqual([
      { id: "1", event: "message", data: "a" },
      { id: "1", event: "message", data: "b" },
    ]);
  });
});

describe("backoff", () => {
  it("doubles from half a second to ten, within a quarter", () => {
    expect([0, 1, 2, 3, 4, 5, 9].map((count) => backoff(count, 0.5))).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    expect(backoff(0, 0)).toBe(375);
    expect(backoff(9, 1)).toBe(12_500);
  });
});

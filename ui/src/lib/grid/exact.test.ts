import { describe, expect, it } from "vitest";
import { parseRows } from "./exact";

describe("parseRows", () => {
  it("keeps every digit of a 64-bit integer", () => {
    expect(parseRows('[{"id":9007199254740993,"n":-9223372036854775808,"t":12}]')).toEqual([
      { id: "9007199254740993", n: "-9223372036854775808", t: 12 },
    ]);
  });

  it("leaves text, fractions and what lies inside JSON cells alone", () => {
    const json = '[{"a":"id: 9007199254740993, \\"x\\"","b":1.00000000000000000001,"c":[9007199254740992]}]';
    expect(parseRows(json)).toEqual(JSON.parse(json));
  });
});

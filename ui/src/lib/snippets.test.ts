import { describe, expect, it } from "vitest";
import { readView, requestParameters } from "./grid/view";
import { LANGUAGES, rowSnippet, viewSnippet, type Place } from "./snippets";

const place: Place = { url: "http://127.0.0.1:8377", table: "flights", workspace: null };

function parameters(query: string) {
  return requestParameters(readView(new URLSearchParams(query)), ["id"]);
}

describe("viewSnippet", () => {
  const asked = parameters("dep_delay=gte.60&carrier=not.in.(UA,AA)&order=dep_delay.desc");

  it("is one curl line that asks for the token when it runs", () => {
    expect(viewSnippet("curl", place, asked, 100)).toBe(
      "curl 'http://127.0.0.1:8377/rest/v1/flights?dep_delay=gte.60&carrier=not.in.(UA,AA)&order=dep_delay.desc,id.desc&limit=100' \\\n" +
        '  -H "Authorization: Bearer $(rolltop token)"\n',
    );
  });

  it("is Python with the client's own methods", () => {
    expect(viewSnippet("python", place, asked, 100)).toBe(`from rolltop import connect

db = connect()
rows = (
    db.from_("flights")
    .select("*")
    .gte("dep_delay", 60)
    .not_.in_("carrier", ["UA", "AA"])
    .order("dep_delay", desc=True)
    .order("id", desc=True)
    .limit(100)
    .execute().data
)
print(rows)
`);
  });

  it("is JavaScript for postgrest-js", () => {
    const code = viewSnippet("javascript", place, asked, 100);
    expect(code).toContain('execFileSync("rolltop", ["token"], { encoding: "utf8" })');
    expect(code).toContain('.not("carrier", "in", "(UA,AA)")');
    expect(code).toContain('.order("dep_delay", { ascending: false })');
  });

  it("names the workspace when it is not the usual one, safely for the shell", () => {
    expect(viewSnippet("curl", { ...place, workspace: "/data/Ada's work" }, [], 10)).toContain(
      `$(rolltop token --workspace '/data/Ada'\\''s work')`,
    );
  });

  it("cannot be broken out of by what is in a filter or a name", () => {
    const odd = { ...place, table: `a'"/b` };
    const asked = parameters("name=eq.%22%27%3B%20rm%20%5C");
    expect(viewSnippet("curl", odd, asked, 1)).toContain("'http://127.0.0.1:8377/rest/v1/a%27%22%2Fb?name=eq.%22%27%3B%20rm%20%5C");
    expect(viewSnippet("python", odd, asked, 1)).toContain(`.eq("name", "\\"'; rm \\\\")`);
  });

  it("spells logic trees and odd names so that the clients send them unchanged", () => {
    const asked = parameters("or=(a.eq.1,b.is.null)&%22a.b%22=eq.x,y&order=id");
    expect(viewSnippet("python", place, asked, 1)).toContain('.or_("a.eq.1,b.is.null")');
    expect(viewSnippet("python", place, asked, 1)).toContain('.or_("\\"a.b\\".eq.\\"x,y\\"")');
    expect(viewSnippet("javascript", place, asked, 1)).toContain('.or("a.eq.1,b.is.null")');
  });
});

describe("rowSnippet", () => {
  it("reads the row by its key and changes one value, in each language", () => {
    const written = LANGUAGES.map((language) => rowSnippet(language, place, [["id", 5]], ["dep_delay", null]));
    expect(written[0]).toContain('db.from_("flights")\n    .update({"dep_delay": None})\n    .eq("id", 5)\n    .execute()\n)');
    expect(written[1]).toContain('await db\n  .from("flights")\n  .update({"dep_delay":null})\n  .eq("id", 5)\n  .throwOnError();');
    expect(written[2]).toContain(`-d '{"dep_delay":null}'`);
  });

  it("takes all columns of a key that has several", () => {
    expect(rowSnippet("python", place, [["a", 1], ["order", "x"]], null)).toContain('.eq("a", 1)\n    .or_("order.eq.x")');
  });
});

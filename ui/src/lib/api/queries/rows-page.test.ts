import { describe, expect, it } from "vitest";
import { queryText, readView, requestView } from "$lib/grid/view";
import { planPage, type PageAsked } from "./rows-page";

function plan(query: string, more: Partial<PageAsked>) {
  const view = requestView(readView(new URLSearchParams(query)), ["id"]);
  const { parameters, reversed } = planPage({
    view, key: "id", dense: null, total: 10_000_000, offset: 0, limit: 200, before: undefined, after: undefined, ...more,
  });
  return (reversed ? "reversed " : "") + queryText(parameters);
}

describe("planPage", () => {
  it("takes a place for a key when no key is missing", () => {
    const dense = { first: 1, last: 10_000_000 };
    expect(plan("", { dense, offset: 5_000_000 })).toBe("id=gte.5000001&order=id&limit=200");
    expect(plan("order=id.desc", { dense, offset: 200 })).toBe("id=lte.9999800&order=id.desc&limit=200");
  });

  it("goes on from the row before, or back from the row after", () => {
    expect(plan("status=eq.paid", { offset: 400, before: { id: 977 } })).toBe("id=gt.977&status=eq.paid&order=id&limit=200");
    expect(plan("", { offset: 400, after: { id: 977 } })).toBe("reversed id=lt.977&order=id.desc&limit=200");
    expect(plan("order=id.desc", { offset: 400, before: { id: 977 } })).toBe("id=lt.977&order=id.desc&limit=200");
  });

  it("comes from the end that is nearer", () => {
    expect(plan("order=total.desc", { offset: 400 })).toBe("order=total.desc,id.desc&limit=200&offset=400");
    expect(plan("order=total.desc", { offset: 9_999_600 })).toBe("reversed order=total,id&limit=200&offset=200");
    expect(plan("order=total.nullsfirst", { offset: 9_999_900 })).toBe("reversed order=total.desc.nullslast,id.desc&limit=100");
  });

  it("has only the offset where there is no key", () => {
    const view = readView(new URLSearchParams(""));
    const { parameters } = planPage({
      view, key: null, dense: null, total: 1_000, offset: 800, limit: 200, before: undefined, after: undefined,
    });
    expect(queryText(parameters)).toBe("limit=200&offset=800");
  });
});

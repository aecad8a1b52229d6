// @supabase/postgrest-js, unchanged, against a running server. ROLLTOP_URL and ROLLTOP_TOKEN say which.
import assert from "node:assert/strict";
import { PostgrestClient } from "@supabase/postgrest-js";

const { ROLLTOP_URL: url, ROLLTOP_TOKEN: token } = process.env;
const db = new PostgrestClient(`${url}/rest/v1`, { headers: { Authorization: `Bearer ${token}` } });

/** The data of a request that must succeed. */
async function ok(request) {
  const answer = await request;
  assert.equal(answer.error, null, JSON.stringify(answer.error));
  return answer;
}

// Read
assert.deepEqual((await ok(db.from("books").select("id,title").gte("pages", 150).order("pages").limit(1))).data, [
  { id: 2, title: "Pepper, Ground" },
]);
assert.deepEqual((await ok(db.from("books").select("id").in("title", ["Pepper, Ground", "North"]).order("id"))).data, [
  { id: 2 },
  { id: 3 },
]);
assert.deepEqual((await ok(db.from("Order Details").select().eq("id", 1))).data, [{ id: 1, "Unit Price": 18.5 }]);
assert.deepEqual((await ok(db.from("books").select("nr:id").or("id.eq.1,title.like.N*").order("id"))).data, [{ nr: 1 }, { nr: 3 }]);
const counted = await ok(db.from("books").select("*", { count: "exact", head: true }));
assert.equal(counted.count, 3);
const page = await ok(db.from("books").select("id", { count: "exact" }).order("id").range(1, 1));
assert.deepEqual([page.data, page.count, page.status], [[{ id: 2 }], 3, 206]);
assert.equal((await ok(db.from("books").select("title").eq("id", 1).single())).data.title, "Salt");
assert.equal((await ok(db.from("books").select("title").eq("id", 99).maybeSingle())).data, null);

// Write
const added = (await ok(db.from("authors").insert({ name: "Verne", born: 1828 }).select())).data[0];
assert.equal(added.born, 1828);
const changed = await ok(db.from("authors").update({ born: null }).eq("id", added.id).select("born").single());
assert.deepEqual(changed.data, { born: null });
assert.equal((await ok(db.from("authors").delete().eq("id", added.id))).status, 204);

// Errors
const missing = await db.from("boks").select();
assert.deepEqual([missing.status, missing.error.code], [404, "PGRST205"]);
const refused = await db.from("authors").insert({ id: 1, name: "Taken" });
assert.deepEqual([refused.status, refused.error.code], [409, "23505"]);
const stranger = await new PostgrestClient(`${url}/rest/v1`).from("books").select();
assert.equal(stranger.status, 401);

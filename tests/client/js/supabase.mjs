// @supabase/supabase-js, unchanged, against a running server: one token, given as the key, is enough.
import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import WebSocket from "ws";

const { ROLLTOP_URL: url, ROLLTOP_TOKEN: token } = process.env;
const db = createClient(url, token, {
  auth: { persistSession: false, autoRefreshToken: false },
  realtime: { transport: WebSocket }, // Node 20 has none of its own
});

const read = await db.from("books").select("id,title").eq("id", 1);
assert.equal(read.error, null, JSON.stringify(read.error));
assert.deepEqual(read.data, [{ id: 1, title: "Salt" }]);

const added = await db.from("authors").insert([{ name: "Woolf" }, { name: "Zola" }]).select("id,name");
assert.equal(added.error, null, JSON.stringify(added.error));
assert.deepEqual(added.data.map((row) => row.name), ["Woolf", "Zola"]);
const keys = added.data.map((row) => row.id);

const changed = await db.from("authors").update({ born: 1882 }).eq("id", keys[0]).select().single();
assert.deepEqual(changed.data, { id: keys[0], name: "Woolf", born: 1882 });

const deleted = await db.from("authors").delete().in("id", keys).select("id");
assert.equal(deleted.data.length, 2);

const refused = await db.from("authors").select("nope");
assert.deepEqual([refused.status, refused.error.code], [400, "42703"]);

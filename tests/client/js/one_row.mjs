// supabase-js reads one row, changes it, and reads it again: `node one_row.mjs TABLE ID COLUMN VALUE`.
import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import WebSocket from "ws";

const { ROLLTOP_URL: url, ROLLTOP_TOKEN: token } = process.env;
const [table, id, column, value] = process.argv.slice(2);
const db = createClient(url, token, {
  auth: { persistSession: false, autoRefreshToken: false },
  realtime: { transport: WebSocket }, // Node 20 has none of its own
});

const before = await db.from(table).select(column).eq("id", id).single();
assert.equal(before.error, null, JSON.stringify(before.error));
const changed = await db.from(table).update({ [column]: Number(value) }).eq("id", id).select(column).single();
assert.equal(changed.error, null, JSON.stringify(changed.error));
console.log(JSON.stringify({ before: before.data[column], after: changed.data[column] }));

// Evaluates expressions: a line {code, values} in, a line {is} or {thrown} out, both as JSON.
// `db` is supabase-js, `rest` is postgrest-js; `values` are names that the expression may use.
import { createInterface } from "node:readline";
import { PostgrestClient } from "@supabase/postgrest-js";
import { createClient } from "@supabase/supabase-js";
import WebSocket from "ws";

const { ROLLTOP_URL: url, ROLLTOP_TOKEN: token } = process.env;
const options = {
  auth: { persistSession: false, autoRefreshToken: false },
  realtime: { transport: WebSocket }, // Node 20 has none of its own
};
const names = {
  url,
  token,
  PostgrestClient,
  connect: (key) => createClient(url, key, options),
  db: createClient(url, token, options),
  rest: new PostgrestClient(`${url}/rest/v1`, { headers: { Authorization: `Bearer ${token}` } }),
};
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;

/** What the expression gives, or what it threw. */
async function evaluated({ code, values }) {
  const known = { ...names, ...values };
  try {
    return { is: await new AsyncFunction(...Object.keys(known), `return await (${code})`)(...Object.values(known)) };
  } catch ({ name, message, code, details, hint }) {
    return { thrown: { name, message, code, details, hint } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await evaluated(JSON.parse(line))));
}

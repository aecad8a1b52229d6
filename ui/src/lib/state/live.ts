/** What an event means for the cache: which answers are old, and where to go. Started once, by App. */
import { events } from "$lib/api/events.svelte";
import { collections } from "$lib/api/queries/collections";
import { imports } from "$lib/api/queries/imports";
import { isOver, keepJob } from "$lib/api/queries/jobs";
import { queryClient } from "$lib/api/query-client";
import { router } from "$lib/router.svelte";
import { isForemost } from "./foremost";

const QUIET_MS = 800;
const POLL_MS = 10_000;

/** Runs `act` at most once per `gap`, the last time after the last call. Counting a large table takes a while. */
function seldom(gap: number, act: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      act();
    }, gap);
  };
}

export function startLive(): void {
  const listAgain = () => void queryClient.invalidateQueries({ queryKey: collections().queryKey, exact: true });
  const countAgain = seldom(QUIET_MS, listAgain);

  events.on("rows", countAgain);
  events.on("schema", () => void queryClient.invalidateQueries({ queryKey: ["collections"] }));
  events.on("job", ({ job }) => {
    keepJob(job);
    if (isOver(job)) void queryClient.invalidateQueries({ queryKey: imports().queryKey, exact: true });
  });
  events.on("import", ({ id }) => {
    if (isForemost()) router.go(`/import/${id}`);
  });
  // Back after a while without an answer: what could not be read then is read now.
  events.on("hello", () => void queryClient.invalidateQueries({ predicate: ({ state }) => state.status === "error" }));
  events.on("reset", () => void queryClient.invalidateQueries());
  events.start();

  // Without the stream, what is on screen is asked for again every ten seconds.
  setInterval(() => {
    if (events.state === "reconnecting" && document.visibilityState === "visible") void queryClient.invalidateQueries();
  }, POLL_MS);
}

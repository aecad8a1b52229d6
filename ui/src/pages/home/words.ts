import type { Job } from "$lib/api/types";
import type { Key } from "$lib/i18n";

/** How a job's state is called and coloured. */
export const jobs: Record<Job["state"], { key: Key; tone: "neutral" | "ok" | "warn" | "danger" }> = {
  queued: { key: "job.queued", tone: "neutral" },
  running: { key: "job.running", tone: "neutral" },
  done: { key: "job.done", tone: "ok" },
  failed: { key: "job.failed", tone: "danger" },
  cancelled: { key: "job.cancelled", tone: "neutral" },
  interrupted: { key: "job.interrupted", tone: "warn" },
};

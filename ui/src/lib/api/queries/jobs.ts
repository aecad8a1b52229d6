import { queryOptions } from "@tanstack/svelte-query";
import { api, body } from "../client";
import { queryClient } from "../query-client";
import type { Job } from "../types";

export const jobs = () => queryOptions({ queryKey: ["jobs"], queryFn: ({ signal }) => body(api.GET("/api/jobs", { signal })) });

export const isOver = (job: Job): boolean => job.state !== "queued" && job.state !== "running";

/** How far a job is, 0 to 1; null while nobody can know. */
export function share(job: Job): number | null {
  const { done, total } = job.progress;
  return total ? Math.min(1, done / total) : null;
}

/** Puts a job that an event brought into the list. */
export function keepJob(job: Job): void {
  queryClient.setQueryData<Job[]>(jobs().queryKey, (known) => {
    if (!known) return known;
    const at = known.findIndex((other) => other.id === job.id);
    return at < 0 ? [job, ...known] : known.with(at, job);
  });
}

export async function cancelJob(id: string): Promise<void> {
  await api.POST("/api/jobs/{id}/cancel", { params: { path: { id } } });
}

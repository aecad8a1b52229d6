import { queryOptions } from "@tanstack/svelte-query";
import { api, body } from "../client";
import { queryClient } from "../query-client";
import type { DialectChange, Import, ImportRun, Job } from "../types";

const BUSY_MS = 400;

export const isBusy = (draft: Import): boolean => draft.state === "scanning" || draft.state === "loading";

export const imports = () => queryOptions({ queryKey: ["imports"], queryFn: ({ signal }) => body(api.GET("/api/imports", { signal })) });

/** One import. While it is scanned or loaded it is asked for often: a small file is read before its event could be heard. */
export const importOf = (id: string) =>
  queryOptions({
    queryKey: ["imports", id],
    queryFn: ({ signal }) => body(api.GET("/api/imports/{id}", { params: { path: { id } }, signal })),
    refetchInterval: ({ state }) => (state.data && isBusy(state.data) ? BUSY_MS : false),
    refetchOnMount: "always",
  });

export async function readOtherwise(id: string, wanted: DialectChange): Promise<void> {
  const draft = await body(api.PUT("/api/imports/{id}/dialect", { params: { path: { id } }, body: wanted }));
  queryClient.setQueryData(importOf(id).queryKey, draft);
}

/** Begins imports of other parts of the same file; without names, of all that nobody reads yet. */
export async function importParts(id: string, parts: string[] | null): Promise<Import[]> {
  const made = await body(api.POST("/api/imports/{id}/parts", { params: { path: { id } }, body: { parts } }));
  await queryClient.invalidateQueries({ queryKey: imports().queryKey });
  return made;
}

export async function runImport(id: string, wanted: ImportRun): Promise<Job> {
  const job = await body(api.POST("/api/imports/{id}/run", { params: { path: { id } }, body: wanted }));
  await queryClient.invalidateQueries({ queryKey: importOf(id).queryKey });
  return job;
}

export async function dropImport(id: string): Promise<void> {
  await api.DELETE("/api/imports/{id}", { params: { path: { id } } });
  queryClient.removeQueries({ queryKey: importOf(id).queryKey });
  await queryClient.invalidateQueries({ queryKey: imports().queryKey, exact: true });
}

/** Takes back a whole import: the table goes with all its rows. */
export async function dropCollection(name: string): Promise<void> {
  await api.DELETE("/api/collections/{name}", { params: { path: { name } } });
  await queryClient.invalidateQueries({ queryKey: ["collections"] });
}

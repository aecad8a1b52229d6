import { queryOptions } from "@tanstack/svelte-query";
import { api, body } from "../client";

export const collections = () =>
  queryOptions({ queryKey: ["collections"], queryFn: ({ signal }) => body(api.GET("/api/collections", { signal })) });

export const collection = (name: string) =>
  queryOptions({
    queryKey: ["collections", name],
    queryFn: ({ signal }) => body(api.GET("/api/collections/{name}", { params: { path: { name } }, signal })),
  });

import { queryOptions } from "@tanstack/svelte-query";
import { api, body } from "../client";

export const me = () => queryOptions({ queryKey: ["me"], queryFn: ({ signal }) => body(api.GET("/api/me", { signal })), staleTime: Infinity });

export const status = () => queryOptions({ queryKey: ["status"], queryFn: ({ signal }) => body(api.GET("/api/status", { signal })) });

import { QueryClient } from "@tanstack/svelte-query";
import { ApiError } from "./errors";

/** One cache for the page. Only "no answer" is tried again by itself: a refusal would only be refused again. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (count, error) => error instanceof ApiError && error.status === 0 && count < 3,
      staleTime: 30_000,
      refetchOnWindowFocus: false,
    },
  },
});

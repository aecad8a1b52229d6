/**
 * The only door to the server. `api` speaks the typed routes, `rest` the rows lane, `upload` streams a file with progress.
 * A failed call rejects with an ApiError; a 401 waits for signing in and is then tried again.
 */
import createClient, { type Middleware } from "openapi-fetch";
import { t } from "$lib/i18n";
import { ApiError, errorFrom, isAbort, problemOf } from "./errors";
import type { paths } from "./schema";
import { session } from "./session.svelte";

export { ApiError, asApiError, isAbort } from "./errors";

/** Sends one request as the person. The answer may be a failure; only "no answer" and aborts reject here. */
async function send(request: Request): Promise<Response> {
  for (;;) {
    if (session.token === null) await session.renewed(null, request.signal);
    const used = session.token;
    const attempt = request.clone();
    attempt.headers.set("Authorization", `Bearer ${used}`);
    let response: Response;
    try {
      response = await fetch(attempt);
    } catch (caught) {
      if (isAbort(caught) || request.signal.aborted) throw new DOMException("Aborted", "AbortError");
      throw new ApiError(0, { code: "unreachable", message: t("error.unreachable"), hint: t("error.unreachable.hint") });
    }
    if (response.status !== 401) return response;
    await session.renewed(used, request.signal);
  }
}

const refuse: Middleware = {
  async onResponse({ response }) {
    if (!response.ok) throw await errorFrom(response, t("error.status", { status: response.status }));
  },
};

export const api = createClient<paths>({ baseUrl: location.origin, fetch: send });
api.use(refuse);

/** The body of an answer. Failures have already rejected, so a missing body is an empty one (204). */
export async function body<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}

/** The rows lane, `/rest/v1…`. Rejects with an ApiError unless the answer is 2xx. */
export async function rest(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await send(new Request(new URL(path, location.origin), init));
  if (!response.ok) throw await errorFrom(response, t("error.status", { status: response.status }));
  return response;
}

/** The event stream, for `events.ts`. */
export async function stream(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  return rest(path, { headers: { Accept: "text/event-stream", ...headers }, signal, cache: "no-store" });
}

export interface Upload<T> {
  done: Promise<T>;
  abort: () => void;
}

/** Sends a file as the raw body. `fetch` cannot report how much was sent, so this one uses XMLHttpRequest. */
export function upload<T>(path: string, file: Blob, type: string, progress: (sent: number, total: number) => void): Upload<T> {
  const request = new XMLHttpRequest();
  const done = new Promise<T>((resolve, reject) => {
    const start = () => {
      const used = session.token;
      request.open("POST", path);
      request.setRequestHeader("Authorization", `Bearer ${used}`);
      request.setRequestHeader("Content-Type", type);
      request.upload.onprogress = (event) => progress(event.loaded, event.total || file.size);
      request.onabort = () => reject(new DOMException("Aborted", "AbortError"));
      request.onerror = () =>
        reject(new ApiError(0, { code: "unreachable", message: t("error.unreachable"), hint: t("error.unreachable.hint") }));
      request.onload = () => {
        if (request.status === 401) {
          session.renewed(used).then(start, reject);
        } else if (request.status >= 200 && request.status < 300) {
          resolve(JSON.parse(request.responseText) as T);
        } else {
          reject(problemOf(request.status, request.responseText, t("error.status", { status: request.status })));
        }
      };
      request.send(file);
    };
    if (session.token === null) session.renewed(null).then(start, reject);
    else start();
  });
  return { done, abort: () => request.abort() };
}

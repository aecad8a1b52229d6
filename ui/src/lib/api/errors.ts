/** The API's one error shape, with `fields` where a form was refused. */
export interface Problem {
  code: string;
  message: string;
  details?: string | null;
  hint?: string | null;
  fields?: { field: string; message: string }[];
}

/** Every failed call becomes one of these. `status` is 0 when no answer came at all. */
export class ApiError extends Error {
  readonly code: string;
  readonly details: string | null;
  readonly hint: string | null;
  readonly fields: { field: string; message: string }[];

  constructor(
    readonly status: number,
    problem: Problem,
  ) {
    super(problem.message);
    this.name = "ApiError";
    this.code = problem.code;
    this.details = problem.details ?? null;
    this.hint = problem.hint ?? null;
    this.fields = problem.fields ?? [];
  }

  /** Message and hint as one text, for places with a single line. */
  get text(): string {
    return this.hint ? `${this.message} ${this.hint}` : this.message;
  }
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && typeof (body as Problem).message === "string";
}

/** Reads a failed answer. A body that is not ours (a proxy's page, say) still becomes words. */
export function problemOf(status: number, text: string, fallback: string): ApiError {
  try {
    const body: unknown = JSON.parse(text);
    if (isProblem(body)) return new ApiError(status, body);
  } catch {
    // Not JSON: the fallback below says what is known.
  }
  return new ApiError(status, { code: `http_${status}`, message: fallback });
}

export async function errorFrom(response: Response, fallback: string): Promise<ApiError> {
  return problemOf(response.status, await response.text(), fallback);
}

/** Anything caught, as an ApiError, so that a screen can always show `message` and `hint`. */
export function asApiError(caught: unknown): ApiError {
  if (caught instanceof ApiError) return caught;
  const message = caught instanceof Error ? caught.message : String(caught);
  return new ApiError(0, { code: "unexpected", message });
}

export function isAbort(caught: unknown): boolean {
  return caught instanceof DOMException && caught.name === "AbortError";
}

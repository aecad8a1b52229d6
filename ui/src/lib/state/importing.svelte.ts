/**
 * Files on their way in: chosen or dropped, sent one after the other. The first one's page opens; the others wait in line
 * and are sent when the one before is imported or put away.
 */
import { api, asApiError, isAbort, upload, type ApiError, type Upload } from "$lib/api/client";
import { status } from "$lib/api/queries/workspace";
import { queryClient } from "$lib/api/query-client";
import type { Import } from "$lib/api/types";
import { router } from "$lib/router.svelte";
import { toasts } from "./toasts.svelte";

export const NEW = "/import/new";

class Importing {
  #file = $state.raw<File | null>(null);
  #sent = $state(0);
  #failure = $state.raw<ApiError | null>(null);
  #waiting = $state.raw<File[]>([]);
  #upload: Upload<Import> | null = null;

  /** The file being sent, or the one that could not be. */
  get file(): File | null {
    return this.#file;
  }
  get sent(): number {
    return this.#sent;
  }
  get failure(): ApiError | null {
    return this.#failure;
  }
  /** Files that come next. */
  get waiting(): File[] {
    return this.#waiting;
  }

  async take(files: File[]): Promise<void> {
    if (files.length === 0) return;
    if (this.#upload) {
      this.#waiting = [...this.#waiting, ...files];
      return;
    }
    const [first, ...others] = files;
    this.#waiting = [...this.#waiting, ...others];
    if (first) await this.#send(first);
  }

  /** The import on screen is finished or put away: sends the next file, if one waits. True when one did. */
  next(): boolean {
    const [first, ...others] = this.#waiting;
    if (!first) return false;
    this.#waiting = others;
    void this.#send(first);
    return true;
  }

  async again(): Promise<void> {
    if (this.#file) await this.#send(this.#file);
  }

  cancel(): void {
    this.#upload?.abort();
    this.#file = null;
    this.#failure = null;
  }

  async #send(file: File): Promise<void> {
    this.#file = file;
    this.#sent = 0;
    this.#failure = null;
    router.go(NEW);
    try {
      this.#upload = upload<Import>(
        `/api/imports?name=${encodeURIComponent(file.name)}`,
        file,
        mediaType(file.name),
        (sent, total) => (this.#sent = total ? sent / total : 0),
      );
      const draft = await this.#upload.done;
      this.#file = null;
      queryClient.setQueryData(["imports", draft.id], draft);
      if (router.path === NEW) router.go(`/import/${draft.id}`, { replace: true });
    } catch (caught) {
      if (isAbort(caught)) return;
      this.#failure = asApiError(caught);
      if (router.path !== NEW) toasts.error(this.#failure.text);
    } finally {
      this.#upload = null;
    }
  }
}

function mediaType(name: string): string {
  const end = name.toLowerCase().split(".").at(-1);
  if (end === "csv") return "text/csv";
  if (end === "tsv" || end === "tab") return "text/tab-separated-values";
  return "application/octet-stream";
}

export const importing = new Importing();

/** Lets the person pick files: the system's own dialog in the window, the browser's elsewhere. */
export async function chooseFile(): Promise<void> {
  const server = queryClient.getQueryData(status().queryKey);
  if (!server?.desktop) return browserChooser();
  try {
    const { data } = await api.POST("/api/desktop/pick-import");
    if (data) router.go(`/import/${data.id}`);
  } catch (caught) {
    const error = asApiError(caught);
    if (error.status === 409) browserChooser();
    else toasts.error(error.text);
  }
}

function browserChooser(): void {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.accept = ".csv,.tsv,.tab,.txt,text/csv,text/tab-separated-values,text/plain";
  input.addEventListener("change", () => void importing.take([...(input.files ?? [])]));
  input.click();
}

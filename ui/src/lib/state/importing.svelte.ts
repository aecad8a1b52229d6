/**
 * Files on their way in: chosen or dropped, sent one after the other. The first one's page opens, the others become drafts
 * that wait on that page and on Home.
 */
import { api, asApiError, isAbort, upload, type ApiError, type Upload } from "$lib/api/client";
import { importOf, imports } from "$lib/api/queries/imports";
import { status } from "$lib/api/queries/workspace";
import { queryClient } from "$lib/api/query-client";
import type { Import } from "$lib/api/types";
import { t } from "$lib/i18n";
import { router } from "$lib/router.svelte";
import { toasts } from "./toasts.svelte";

/** What the browser's dialog offers; the server looks at the content. */
const TAKEN =
  ".csv,.tsv,.tab,.txt,.xlsx,.xlsm,.xls,.xlsb,.ods,.json,.ndjson,.jsonl,.geojson,.parquet,.sqlite,.sqlite3,.db,.gz,.zip,text/csv,text/tab-separated-values,text/plain";

export const NEW = "/import/new";

class Importing {
  #file = $state.raw<File | null>(null);
  #sent = $state(0);
  #failure = $state.raw<ApiError | null>(null);
  #waiting: File[] = [];
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
  async take(files: File[]): Promise<void> {
    this.#waiting.push(...files);
    if (this.#upload !== null || this.#waiting.length === 0) return;
    await this.#send(this.#waiting.shift(), true);
    for (let file = this.#waiting.shift(); file; file = this.#waiting.shift()) await this.#send(file, false);
  }

  async again(): Promise<void> {
    await this.#send(this.#file ?? undefined, true);
  }

  cancel(): void {
    this.#upload?.abort();
    this.#waiting = [];
    this.#file = null;
    this.#failure = null;
  }

  async #send(file: File | undefined, shown: boolean): Promise<void> {
    if (!file) return;
    if (shown) {
      this.#file = file;
      this.#sent = 0;
      this.#failure = null;
      router.go(NEW);
    }
    this.#upload = upload<Import>(`/api/imports?name=${encodeURIComponent(file.name)}`, file, mediaType(file.name), (sent, total) => {
      if (shown) this.#sent = total ? sent / total : 0;
    });
    try {
      const draft = await this.#upload.done;
      queryClient.setQueryData(importOf(draft.id).queryKey, draft);
      void queryClient.invalidateQueries({ queryKey: imports().queryKey, exact: true });
      if (!shown) return;
      this.#file = null;
      if (router.path === NEW) router.go(`/import/${draft.id}`, { replace: true });
      else toasts.show(t("import.arrived", { name: file.name }), { action: { label: t("open"), run: () => router.go(`/import/${draft.id}`) } });
    } catch (caught) {
      if (isAbort(caught)) return;
      const failure = asApiError(caught);
      if (shown && router.path === NEW) this.#failure = failure;
      else toasts.error(t("import.notSent", { name: file.name, why: failure.text }), () => this.take([file]), t("retry"));
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
  input.accept = TAKEN;
  input.hidden = true;
  input.addEventListener("change", () => {
    void importing.take([...(input.files ?? [])]);
    input.remove();
  });
  input.addEventListener("cancel", () => input.remove());
  // In the document, or it may be collected as garbage while the dialog is open.
  document.body.append(input);
  input.click();
}

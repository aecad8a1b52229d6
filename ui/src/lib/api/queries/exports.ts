/** Files of rows. A browser sends no token with a link, so each download asks for one that works once. */
import { api, body } from "../client";

/** Has the browser save the file at `path`. Rejects with an ApiError when there is no link to it. */
export async function download(path: string): Promise<void> {
  const { url } = await body(api.POST("/api/downloads", { body: { path } }));
  const link = document.createElement("a");
  link.href = new URL(url).pathname; // the page may be open under another name of this host
  link.download = ""; // the server names it; and a failure does not take the place of the page
  link.click();
}

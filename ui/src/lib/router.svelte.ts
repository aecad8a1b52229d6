/** A history router: the address is the state. Links are plain `<a href>`; a click on one of ours becomes a navigation. */

export interface Route {
  page: string;
  params: Record<string, string>;
}

interface Pattern {
  page: string;
  parts: string[];
}

/** `match("/data/orders", [["data", "/data/:collection"]])` → page `data`, `{collection: "orders"}`. Null when nothing fits. */
export function match(path: string, table: readonly (readonly [page: string, pattern: string])[]): Route | null {
  const asked = split(path);
  for (const [page, pattern] of table) {
    const params = fit(asked, { page, parts: split(pattern) });
    if (params) return { page, params };
  }
  return null;
}

function split(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

function fit(asked: string[], { parts }: Pattern): Record<string, string> | null {
  if (asked.length !== parts.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    const text = asked[index] ?? "";
    if (!part.startsWith(":")) {
      if (part !== text) return null;
      continue;
    }
    try {
      params[part.slice(1)] = decodeURIComponent(text);
    } catch {
      return null;
    }
  }
  return params;
}

class Router {
  #path = $state(location.pathname);
  #query = $state(location.search.slice(1));

  constructor() {
    addEventListener("popstate", () => this.#read());
    addEventListener("click", (event) => this.#click(event));
  }

  get path(): string {
    return this.#path;
  }

  /** The query as it stands in the address, without "?". The rows page spells filters exactly so. */
  get query(): string {
    return this.#query;
  }

  /** Goes to an address of ours. Opening something pushes an entry; typing replaces it. */
  go(to: string, { replace = false }: { replace?: boolean } = {}): void {
    const url = new URL(to, location.href);
    if (url.pathname + url.search === location.pathname + location.search) return;
    if (replace) history.replaceState(null, "", url);
    else history.pushState(null, "", url);
    this.#read();
  }

  /** Changes the query alone, staying on the page. */
  setQuery(query: string, options: { replace?: boolean } = { replace: true }): void {
    this.go(location.pathname + (query ? `?${query}` : ""), options);
  }

  back(): void {
    history.back();
  }

  #read(): void {
    this.#path = location.pathname;
    this.#query = location.search.slice(1);
  }

  #click(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.("a[href]");
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download")) return;
    if (link.origin !== location.origin || link.dataset["plain"] !== undefined || link.hash) return;
    event.preventDefault();
    this.go(link.href);
  }
}

export const router = new Router();

import { t } from "$lib/i18n";
import { ApiError, errorFrom, problemOf } from "./errors";

const KEY = "rolltop.session";

/**
 * The person's token. It lives in the origin's storage, so signing in in one tab signs in all of them.
 * A call that meets a 401 waits in `renewed()` and goes on once there is a token: nothing typed is lost.
 */
class Session {
  #token = $state<string | null>(localStorage.getItem(KEY));
  #needed = $state(false);
  #failure = $state.raw<ApiError | null>(null);
  #invitation = $state<string | null>(null);
  #waiting = new Set<() => void>();

  constructor() {
    addEventListener("storage", (event) => {
      if (event.key === KEY || event.key === null) this.#take(localStorage.getItem(KEY));
    });
    addEventListener("hashchange", () => void this.enter());
  }

  get token(): string | null {
    return this.#token;
  }

  /** True while the sign-in panel covers the page. */
  get needed(): boolean {
    return this.#needed;
  }

  /** Why the last link did not work, if one was tried. */
  get failure(): ApiError | null {
    return this.#failure;
  }

  /** The code of the invitation that was followed here, until it is accepted. */
  get invitation(): string | null {
    return this.#invitation;
  }

  /** Takes the one-time code in the address, if there is one, out of it, and exchanges it. An invitation waits for a password. */
  async enter(): Promise<void> {
    const hash = new URLSearchParams(location.hash.slice(1));
    const code = hash.get("code");
    const invitation = hash.get("invitation");
    if (!code && !invitation) return;
    // `n` only makes the address differ, so that the window reloads.
    const query = new URLSearchParams(location.search);
    query.delete("n");
    const rest = query.toString();
    history.replaceState(history.state, "", location.pathname + (rest ? `?${rest}` : ""));
    if (code) await this.exchange(code);
    else {
      this.#failure = null;
      this.#invitation = invitation;
    }
  }

  exchange(code: string): Promise<boolean> {
    return this.#get("/api/auth/exchange", { code });
  }

  signIn(name: string, password: string): Promise<boolean> {
    return this.#get("/api/auth/sign-in", { name, password });
  }

  /** Sets the password of whoever was invited. */
  async accept(password: string): Promise<boolean> {
    const done = await this.#get("/api/auth/invitation", { code: this.#invitation, password });
    if (done) this.#invitation = null;
    return done;
  }

  /** Puts an invitation aside; its link works until it is accepted. */
  decline(): void {
    this.#invitation = null;
    this.#failure = null;
  }

  /** Gets a session for what shows who the person is. */
  async #get(path: string, shown: unknown): Promise<boolean> {
    this.#failure = null;
    try {
      const response = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(shown),
      });
      if (!response.ok) throw await errorFrom(response, t("signin.refused"));
      const { token } = (await response.json()) as { token: string };
      this.use(token);
      return true;
    } catch (caught) {
      this.#failure = caught instanceof ApiError ? caught : problemOf(0, "", t("error.unreachable"));
      this.#needed = this.#token === null;
      return false;
    }
  }

  /** Takes a token that was pasted, after asking the server who it belongs to. */
  async tryToken(token: string): Promise<boolean> {
    this.#failure = null;
    try {
      const response = await fetch("/api/me", { headers: { Authorization: `Bearer ${token}` } });
      if (!response.ok) throw await errorFrom(response, t("signin.refused"));
      this.use(token);
      return true;
    } catch (caught) {
      this.#failure = caught instanceof ApiError ? caught : problemOf(0, "", t("error.unreachable"));
      return false;
    }
  }

  use(token: string): void {
    localStorage.setItem(KEY, token);
    this.#take(token);
  }

  /** Signs out here and in every tab of this browser. The server forgets the token; if it cannot be asked, we still do. */
  async leave(): Promise<void> {
    const token = this.#token;
    localStorage.removeItem(KEY);
    this.#token = null;
    this.#needed = true;
    if (token === null) return;
    try {
      await fetch("/api/auth/session", { method: "DELETE", headers: { Authorization: `Bearer ${token}` } });
    } catch {
      // Gone from this browser, which is what was asked for.
    }
  }

  /** A call met a 401 with `used`. Resolves with a token that is not that one; rejects when `signal` aborts. */
  renewed(used: string | null, signal?: AbortSignal | null): Promise<void> {
    if (this.#token !== null && this.#token !== used) return Promise.resolve();
    this.#needed = true;
    return new Promise((resolve, reject) => {
      const done = () => {
        signal?.removeEventListener("abort", stop);
        resolve();
      };
      const stop = () => {
        this.#waiting.delete(done);
        reject(new DOMException("Aborted", "AbortError"));
      };
      this.#waiting.add(done);
      signal?.addEventListener("abort", stop, { once: true });
    });
  }

  #take(token: string | null): void {
    this.#token = token;
    this.#needed = token === null;
    if (token === null) return;
    this.#failure = null;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const go of waiting) go();
  }
}

export const session = new Session();

/**
 * Live updates: one stream a browser. Tabs elect a leader by a lock that ends with the tab; the leader reads the stream
 * and tells the others. An id travels with each event, so that a new leader or a reconnect resumes where the last one was.
 */
import { isAbort, stream } from "./client";
import type { EventMap } from "./types";
import { session } from "./session.svelte";
import { backoff, parser, type Message } from "./sse";

type Kind = keyof EventMap;
export type Connection = "connecting" | "live" | "reconnecting";

type Note =
  | { kind: "event"; id: string | null; event: string; data: string }
  | { kind: "state"; state: Connection }
  | { kind: "ask" };

const LOCK = "rolltop.events";

class Events {
  #state = $state<Connection>("connecting");
  #handlers = new Map<Kind, Set<(event: never) => void>>();
  #channel = new BroadcastChannel(LOCK);
  #lastId: string | null = null;
  #instance: string | null = null;
  #leader = false;
  #wake: (() => void) | null = null;

  /** What the Live dot shows. */
  get state(): Connection {
    return this.#state;
  }

  /** Calls `handler` for each event of that kind. Returns the function that stops it. */
  on<K extends Kind>(kind: K, handler: (event: EventMap[K]) => void): () => void {
    const handlers = this.#handlers.get(kind) ?? new Set();
    this.#handlers.set(kind, handlers);
    handlers.add(handler as (event: never) => void);
    return () => handlers.delete(handler as (event: never) => void);
  }

  /** Takes part in the election. The lock is freed by the browser when the tab goes. */
  start(): void {
    this.#channel.onmessage = (message: MessageEvent<Note>) => this.#hear(message.data);
    this.#tell({ kind: "ask" });
    addEventListener("online", () => this.#wake?.());
    // Locks exist in secure contexts only, which loopback is; a page without them reads a stream of its own.
    if ("locks" in navigator) void navigator.locks.request(LOCK, () => this.#lead());
    else void this.#lead();
  }

  async #lead(): Promise<never> {
    this.#leader = true;
    for (let failures = 0; ; ) {
      const began = performance.now();
      try {
        await this.#read();
      } catch (caught) {
        if (isAbort(caught)) failures = 0;
      }
      failures = performance.now() - began > 5_000 ? 0 : failures + 1;
      this.#become("reconnecting");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, backoff(failures));
      });
    }
  }

  /** Reads one connection until it ends. */
  async #read(): Promise<void> {
    const stop = new AbortController();
    const headers: Record<string, string> = this.#lastId === null ? {} : { "Last-Event-ID": this.#lastId };
    const used = session.token;
    const response = await stream("/api/events", headers, stop.signal);
    if (!response.body) return;
    this.#become("live");
    const read = parser();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done || (session.token !== null && used !== null && session.token !== used)) return;
        for (const message of read(decoder.decode(value, { stream: true }))) {
          this.#tell({ kind: "event", ...message });
          this.#deliver(message);
        }
      }
    } finally {
      stop.abort();
    }
  }

  #deliver({ id, event, data }: Message): void {
    if (id !== null) this.#lastId = id;
    let payload: unknown;
    try {
      payload = JSON.parse(data);
    } catch {
      return;
    }
    if (event === "hello") this.#meet((payload as EventMap["hello"]).instance);
    for (const handler of this.#handlers.get(event as Kind) ?? []) handler(payload as never);
  }

  /** Another server process than before: its ids mean nothing to us, and what we show may be old. */
  #meet(instance: string): void {
    const other = this.#instance !== null && this.#instance !== instance;
    this.#instance = instance;
    if (!other) return;
    this.#lastId = null;
    for (const handler of this.#handlers.get("reset") ?? []) handler({} as never);
  }

  #hear(note: Note): void {
    if (note.kind === "event") this.#deliver(note);
    else if (note.kind === "state") this.#state = note.state;
    else if (this.#leader) this.#tell({ kind: "state", state: this.#state });
  }

  #become(state: Connection): void {
    this.#state = state;
    this.#tell({ kind: "state", state });
  }

  #tell(note: Note): void {
    this.#channel.postMessage(note);
  }
}

export const events = new Events();

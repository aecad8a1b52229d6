/** Reading `text/event-stream` by hand, since EventSource cannot send a token. Pure, so that tests can feed it any split. */

export interface Message {
  id: string | null;
  event: string;
  data: string;
}

/** Returns a function that takes decoded text as it comes and gives back the messages that became complete. */
export function parser(): (text: string) => Message[] {
  let rest = "";
  let id: string | null = null;
  let event = "";
  let data: string[] = [];

  const line = (text: string): Message | null => {
    if (text === "") {
      const message = data.length > 0 ? { id, event: event || "message", data: data.join("\n") } : null;
      event = "";
      data = [];
      return message;
    }
    if (text.startsWith(":")) return null;
    const colon = text.indexOf(":");
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    else if (field === "event") event = value;
    else if (field === "id" && !value.includes("\0")) id = value;
    return null;
  };

  return (text) => {
    rest += text;
    const messages: Message[] = [];
    // A lone CR at the very end may be half of CR LF: it waits for what comes next.
    for (;;) {
      const found = /\r\n|\n|\r(?!$)/.exec(rest);
      if (!found) return messages;
      const message = line(rest.slice(0, found.index));
      rest = rest.slice(found.index + found[0].length);
      if (message) messages.push(message);
    }
  };
}

/** Milliseconds to wait before attempt `count` (0 = first retry): 0.5 s doubling to 10 s, with jitter so tabs do not march in step. */
export function backoff(count: number, random = Math.random()): number {
  return Math.min(10_000, 500 * 2 ** count) * (0.75 + random / 2);
}

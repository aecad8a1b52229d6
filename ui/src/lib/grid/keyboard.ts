/** What a key means in the grid. Pure: the grid does what is answered here. */

import type { Move } from "./selection";

export type Command =
  | { do: "move"; how: Move; extend: boolean }
  | { do: "edit" }
  | { do: "type"; text: string }
  | { do: "selectAll" | "selectRow" | "copy" | "cut" | "fillDown" | "clear" | "escape" | "open" | "follow" | "toggle" }
  | { do: "widen"; by: number };

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
  isComposing?: boolean;
}

const WIDEN_STEP = 16;

const PLAIN: Record<string, Move> = {
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
  PageUp: "pageUp",
  PageDown: "pageDown",
  Home: "rowStart",
  End: "rowEnd",
};

const EDGES: Record<string, Move> = {
  ArrowUp: "top",
  ArrowDown: "bottom",
  ArrowLeft: "rowStart",
  ArrowRight: "rowEnd",
  Home: "first",
  End: "last",
};

const WITH_MODIFIER: Record<string, Command> = {
  a: { do: "selectAll" },
  c: { do: "copy" },
  x: { do: "cut" },
  d: { do: "fillDown" },
  Enter: { do: "follow" },
};

const ALONE: Record<string, Command> = {
  Enter: { do: "edit" },
  F2: { do: "edit" },
  Delete: { do: "clear" },
  Backspace: { do: "clear" },
  Escape: { do: "escape" },
  " ": { do: "open" },
};

/** Null for a key that is not the grid's; paste comes as its own event. */
export function commandOf(event: Pressed): Command | null {
  if (event.isComposing) return null;
  const modifier = event.ctrlKey || event.metaKey;
  if (event.altKey) return modifier ? typed(event) : widen(event.key);
  const how = (modifier ? EDGES : PLAIN)[event.key];
  if (how) return { do: "move", how, extend: event.shiftKey };
  if (modifier) return event.shiftKey ? null : (WITH_MODIFIER[event.key.length === 1 ? event.key.toLowerCase() : event.key] ?? null);
  if (event.key === " " && event.shiftKey) return { do: "selectRow" };
  return ALONE[event.key] ?? typed(event);
}

function widen(key: string): Command | null {
  if (key === "ArrowRight") return { do: "widen", by: WIDEN_STEP };
  return key === "ArrowLeft" ? { do: "widen", by: -WIDEN_STEP } : null;
}

/** AltGr arrives as Ctrl and Alt together, with the sign it writes. */
function typed({ key }: Pressed): Command | null {
  return [...key].length === 1 ? { do: "type", text: key } : null;
}

import type { Key } from "$lib/i18n";
import { isPlain, spell } from "./keys";

export interface Shortcut {
  /** `mod+k`, `?`, or a sequence: `g h`. */
  keys: string;
  label: Key;
  group: Key;
  run: () => void;
}

const PATIENCE_MS = 1_200;
const OFF = "rolltop.single-keys";

/** Letters go to fields as text, and to open menus and lists to find an entry. */
function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.closest('input, textarea, select, [role="menu"], [role="listbox"], [role="combobox"]') !== null;
}

/**
 * Everything that has a key, in one list, so that the sheet (?) and the keys never disagree. A page adds its own and
 * removes them when it goes. Keys without Ctrl work only outside text fields and can be turned off (WCAG 2.1.4).
 */
class Shortcuts {
  #items = $state.raw<Shortcut[]>([]);
  #single = $state(localStorage.getItem(OFF) !== "off");
  #pending = "";
  #since = 0;

  get items(): Shortcut[] {
    return this.#items;
  }

  get single(): boolean {
    return this.#single;
  }
  set single(on: boolean) {
    this.#single = on;
    localStorage.setItem(OFF, on ? "on" : "off");
  }

  /** Adds shortcuts; returns the function that takes them away. Later ones win over earlier ones with the same keys. */
  add(...items: Shortcut[]): () => void {
    this.#items = [...items, ...this.#items];
    return () => {
      this.#items = this.#items.filter((item) => !items.includes(item));
    };
  }

  start(): void {
    addEventListener("keydown", (event) => this.#press(event));
    // Ctrl Enter is the page's, also on a control that takes every Enter for itself: it is heard on its way down.
    addEventListener("keydown", (event) => spell(event) === "mod+enter" && this.#press(event), true);
  }

  #press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing || ["Control", "Shift", "Alt", "Meta"].includes(event.key)) return;
    const combination = spell(event);
    const plain = isPlain(combination) || this.#pending !== "";
    if (plain && (!this.#single || typing(event.target))) return;
    // A modal is open: its own keys only, and Ctrl combinations of ours stay quiet too.
    if (document.querySelector('[role="dialog"][data-state="open"]:not([data-modeless])')) return;
    const sequence = this.#pending && event.timeStamp - this.#since < PATIENCE_MS ? `${this.#pending} ${combination}` : combination;
    this.#pending = "";
    const found = this.#items.find((item) => item.keys === sequence);
    if (found) {
      event.preventDefault();
      found.run();
    } else if (this.#items.some((item) => item.keys.startsWith(`${sequence} `))) {
      this.#pending = sequence;
      this.#since = event.timeStamp;
    }
  }
}

export const shortcuts = new Shortcuts();

/** Reading and naming key combinations. Pure. */

export const isMac = typeof navigator !== "undefined" && /Mac|iP(hone|ad)/.test(navigator.platform);

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/** `mod+k`, `shift+enter`, `?`, `g`. Shift is left out for signs, whose key already says it. */
export function spell(event: Pressed, mac = isMac): string {
  const key = event.key === " " ? "space" : event.key.toLowerCase();
  const parts: string[] = [];
  if (mac ? event.metaKey : event.ctrlKey) parts.push("mod");
  if (mac ? event.ctrlKey : event.metaKey) parts.push(mac ? "ctrl" : "meta");
  if (event.altKey) parts.push("alt");
  const letterOrNamed = key.length > 1 || key.toUpperCase() !== key;
  if (event.shiftKey && letterOrNamed) parts.push("shift");
  parts.push(key);
  return parts.join("+");
}

const NAMES: Record<string, string> = {
  enter: "Enter",
  escape: "Esc",
  space: "Space",
  delete: "Delete",
  arrowup: "↑",
  arrowdown: "↓",
  arrowleft: "←",
  arrowright: "→",
  home: "Home",
  end: "End",
};

/** As it is shown: `mod+shift+z` → "Ctrl Shift Z", `g h` → "G H". */
export function label(keys: string, mac = isMac): string {
  const names: Record<string, string> = { ...NAMES, mod: mac ? "⌘" : "Ctrl", shift: mac ? "⇧" : "Shift", alt: mac ? "⌥" : "Alt" };
  return keys
    .split(" ")
    .map((combination) =>
      combination
        .split("+")
        .map((part) => names[part] ?? part.toUpperCase())
        .join(" "),
    )
    .join(" ");
}

/** True for keys that would type into a field, and so must leave fields alone. */
export function isPlain(combination: string): boolean {
  return !/^(mod|ctrl|meta|alt)\+/.test(combination) && combination.length === 1;
}

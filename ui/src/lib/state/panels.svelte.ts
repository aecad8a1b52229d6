/** Which of the shell's own panels is open. Any part of the page may ask for one. */
class Panels {
  open = $state<"palette" | "shortcuts" | null>(null);
}

export const panels = new Panels();

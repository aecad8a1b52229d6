/** Short messages at the foot of the panel. Undo is offered for 8 s; time stands still while the pointer or focus is on it. */
export interface ToastAction {
  label: string;
  run: () => unknown;
}

export interface Toast {
  id: number;
  message: string;
  tone: "plain" | "danger";
  action: ToastAction | null;
  lasts: number;
}

const UNDO_MS = 8_000;

class Toasts {
  #items = $state.raw<Toast[]>([]);
  #next = 1;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  get items(): Toast[] {
    return this.#items;
  }

  show(message: string, { tone = "plain", action = null, lasts = action ? UNDO_MS : 5_000 }: Partial<Omit<Toast, "id" | "message">> = {}): number {
    const toast: Toast = { id: this.#next++, message, tone, action, lasts };
    this.#items = [...this.#items.slice(-2), toast];
    this.resume(toast);
    return toast.id;
  }

  /** A failed action: what happened and, where it can be tried again, how. */
  error(message: string, retry?: () => unknown, label?: string): number {
    return this.show(message, { tone: "danger", lasts: 12_000, action: retry && label ? { label, run: retry } : null });
  }

  run(toast: Toast): void {
    this.dismiss(toast.id);
    toast.action?.run();
  }

  pause(toast: Toast): void {
    clearTimeout(this.#timers.get(toast.id));
  }

  resume(toast: Toast): void {
    this.pause(toast);
    this.#timers.set(
      toast.id,
      setTimeout(() => this.dismiss(toast.id), toast.lasts),
    );
  }

  dismiss(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#items = this.#items.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();

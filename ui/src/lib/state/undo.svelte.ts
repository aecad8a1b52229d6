/** What was done, newest last, each with its way back and forth again. One stack for what is open. */

export interface Step {
  /** "Edit of dep_delay", for the tooltip of Undo and the live region. */
  label: string;
  /** Reject to say that it could not be done; the step is then gone. */
  undo: () => Promise<void>;
  redo: () => Promise<void>;
}

const MOST_STEPS = 200;

export class UndoStack {
  #past = $state.raw<Step[]>([]);
  #future = $state.raw<Step[]>([]);
  #running: Promise<unknown> = Promise.resolve();

  get next(): Step | null {
    return this.#past.at(-1) ?? null;
  }

  get nextRedo(): Step | null {
    return this.#future.at(-1) ?? null;
  }

  push(step: Step): void {
    this.#past = [...this.#past.slice(1 - MOST_STEPS), step];
    this.#future = [];
  }

  /** Drop a step that turned out not to have happened. */
  drop(step: Step): void {
    this.#past = this.#past.filter((other) => other !== step);
  }

  /** Undo the newest step, after what is running. Answers with it, or null when there is none; rejects with its reason. */
  undo(): Promise<Step | null> {
    return this.#inTurn(async () => {
      const step = this.next;
      if (!step) return null;
      this.#past = this.#past.slice(0, -1);
      await step.undo();
      this.#future = [...this.#future, step];
      return step;
    });
  }

  redo(): Promise<Step | null> {
    return this.#inTurn(async () => {
      const step = this.nextRedo;
      if (!step) return null;
      this.#future = this.#future.slice(0, -1);
      await step.redo();
      this.#past = [...this.#past, step];
      return step;
    });
  }

  clear(): void {
    this.#past = [];
    this.#future = [];
  }

  /** Two presses in a row undo two steps, not one twice. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#running.then(act, act);
    this.#running = turn.catch(() => undefined);
    return turn;
  }
}

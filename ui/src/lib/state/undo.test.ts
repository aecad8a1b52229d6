import { describe, expect, it } from "vitest";
import { UndoStack, type Step } from "./undo.svelte";

function step(label: string, log: string[]): Step {
  return {
    label,
    undo: async () => void log.push(`undo ${label}`),
    redo: async () => void log.push(`redo ${label}`),
  };
}

describe("UndoStack", () => {
  it("goes back and forth, newest first", async () => {
    const log: string[] = [];
    const stack = new UndoStack();
    stack.push(step("a", log));
    stack.push(step("b", log));
    await Promise.all([stack.undo(), stack.undo()]);
    await stack.redo();
    expect(log).toEqual(["undo b", "undo a", "redo a"]);
    expect([stack.next?.label, stack.nextRedo?.label]).toEqual(["a", "b"]);
  });

  it("forgets the way forth when something new is done", async () => {
    const stack = new UndoStack();
    stack.push(step("a", []));
    await stack.undo();
    stack.push(step("b", []));
    expect(stack.nextRedo).toBeNull();
  });

  it("drops a step that cannot be undone, and says why", async () => {
    const stack = new UndoStack();
    stack.push({ ...step("a", []), undo: () => Promise.reject(new Error("changed since")) });
    await expect(stack.undo()).rejects.toThrow("changed since");
    expect([stack.next, stack.nextRedo]).toEqual([null, null]);
    expect(await stack.undo()).toBeNull();
  });
});

/** Whether the sidebar is whole or a rail. Under 960 px it is a rail, and the whole one lies over the page when asked for. */
const KEY = "rolltop.sidebar";
const narrow = matchMedia("(max-width: 959px)");

class Layout {
  #narrow = $state(narrow.matches);
  #chosenRail = $state(localStorage.getItem(KEY) === "rail");
  #over = $state(false);
  readonly rail = $derived(this.#narrow || this.#chosenRail);

  constructor() {
    narrow.addEventListener("change", () => {
      this.#narrow = narrow.matches;
      this.#over = false;
    });
  }

  /** The whole sidebar lies over the page. */
  get over(): boolean {
    return this.#over;
  }

  toggle(): void {
    if (this.#narrow) {
      this.#over = !this.#over;
      return;
    }
    this.#chosenRail = !this.#chosenRail;
    localStorage.setItem(KEY, this.#chosenRail ? "rail" : "whole");
  }

  closeOver(): void {
    this.#over = false;
  }
}

export const layout = new Layout();

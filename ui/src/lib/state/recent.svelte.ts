/** The collections a person opened last, newest first, so that Home can offer them. Names only; a lost list does no harm. */
const KEY = "rolltop.recent";
const KEEP = 8;

interface Visit {
  name: string;
  at: string;
}

function stored(): Visit[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(value) ? value.filter((visit): visit is Visit => typeof visit?.name === "string" && typeof visit?.at === "string") : [];
  } catch {
    return [];
  }
}

class Recent {
  #visits = $state.raw<Visit[]>(stored());

  get visits(): Visit[] {
    return this.#visits;
  }

  visit(name: string): void {
    this.#visits = [{ name, at: new Date().toISOString() }, ...this.#visits.filter((visit) => visit.name !== name)].slice(0, KEEP);
    localStorage.setItem(KEY, JSON.stringify(this.#visits));
  }
}

export const recent = new Recent();

/** Theme and density. `public/theme.js` has already set both before the first paint; this follows and changes them. */
export type Theme = "system" | "light" | "dark";
export type Density = "compact" | "default" | "comfortable";

const system = matchMedia("(prefers-color-scheme: dark)");

function stored<T extends string>(key: string, allowed: readonly T[], fallback: T): T {
  const value = localStorage.getItem(key) as T | null;
  return value !== null && allowed.includes(value) ? value : fallback;
}

class Appearance {
  #theme = $state<Theme>("system");
  #density = $state<Density>("default");
  #systemDark = $state(system.matches);
  /** What is on screen now. */
  readonly shown = $derived<"light" | "dark">(this.#theme === "system" ? (this.#systemDark ? "dark" : "light") : this.#theme);

  constructor() {
    this.#read();
    system.addEventListener("change", () => {
      this.#systemDark = system.matches;
      this.#apply();
    });
    addEventListener("storage", () => {
      this.#read();
      this.#apply();
    });
  }

  get theme(): Theme {
    return this.#theme;
  }
  set theme(theme: Theme) {
    this.#theme = theme;
    // "Follow the system" is the absence of a choice; /docs reads the same key.
    if (theme === "system") localStorage.removeItem("rolltop.theme");
    else localStorage.setItem("rolltop.theme", theme);
    this.#apply();
  }

  get density(): Density {
    return this.#density;
  }
  set density(density: Density) {
    this.#density = density;
    localStorage.setItem("rolltop.density", density);
    this.#apply();
  }

  #read(): void {
    this.#theme = stored("rolltop.theme", ["light", "dark"] as const, "system" as "light");
    this.#density = stored("rolltop.density", ["compact", "default", "comfortable"] as const, "default");
  }

  #apply(): void {
    document.documentElement.dataset["theme"] = this.shown;
    document.documentElement.dataset["density"] = this.#density;
  }
}

export const appearance = new Appearance();

import type { Import, ImportColumn, ImportRun } from "$lib/api/types";
import { t } from "$lib/i18n";

export type ColumnType = ImportColumn["type"];

const NAME = /^\p{L}[\p{L}\p{N}_]*$/u;
const LONGEST = 63;

/** What is wrong with a name, in words; null when nothing is. */
export function nameFault(name: string, taken: readonly string[]): string | null {
  if (name === "") return t("import.name.empty");
  if ([...name].length > LONGEST) return t("import.name.long", { n: LONGEST });
  if (!NAME.test(name.normalize("NFC"))) return t("import.name.letters");
  if (taken.some((other) => other.toLowerCase() === name.toLowerCase())) return t("import.name.taken", { name });
  return null;
}

/** `orders`, or `orders_2` when that is taken, and so on. */
export function freeName(name: string, taken: readonly string[]): string {
  const known = new Set(taken.map((other) => other.toLowerCase()));
  if (!known.has(name.toLowerCase())) return name;
  for (let number = 2; ; number++) {
    const next = `${name.slice(0, LONGEST - 1 - String(number).length)}_${number}`;
    if (!known.has(next.toLowerCase())) return next;
  }
}

/** A column as the person wants it, beside what was found. */
export class DraftColumn {
  name = $state("");
  type = $state<ColumnType>("text");
  include = $state(true);
  /** Cells that would not fit the type now chosen. */
  readonly misfits = $derived.by(() => this.found.misfits[this.type] ?? 0);

  constructor(readonly found: ImportColumn) {
    this.name = found.name;
    this.type = found.type;
    this.include = found.include;
  }
}

/** What the person makes of the file before it is loaded. Nothing of it reaches the server before `toRun()`. */
export class Draft {
  readonly columns: DraftColumn[];
  table = $state("");
  fillShortRows = $state(false);
  /** The key's columns by their places; none: a column `id` is added. */
  #key = $state.raw<readonly number[]>([]);

  readonly included = $derived.by(() => this.columns.filter((column) => column.include));
  readonly misfits = $derived.by(() => this.included.reduce((sum, column) => sum + column.misfits, 0));

  constructor(
    readonly found: Import,
    taken: () => readonly string[],
    before: Draft | null = null,
  ) {
    this.columns = found.columns.map((column) => new DraftColumn(column));
    // The file was read another way: the table's name stays what the person made it.
    const same = before?.found.id === found.id && before.found.part === found.part;
    this.table = same ? before.table : freeName(found.table, taken());
    this.keyOfFile = (found.structure?.primary_key ?? []).flatMap((name) => this.columns.filter((column) => column.found.name === name));
    this.key = this.keyOfFile.length > 1 ? this.keyOfFile : this.columns.filter((column) => column.found.name === found.key);
    this.taken = taken;
  }

  /** The primary key that a database says the table has. */
  readonly keyOfFile: readonly DraftColumn[];

  /** Names of collections that are there already. */
  private readonly taken: () => readonly string[];

  get tableFault(): string | null {
    return nameFault(this.table, this.taken());
  }

  columnFault(column: DraftColumn): string | null {
    if (!column.include) return null;
    return nameFault(
      column.name,
      this.included.filter((other) => other !== column).map((other) => other.name),
    );
  }

  /** The key's columns; none when a column `id` is added. With a column that is left out it is no key. */
  get key(): readonly DraftColumn[] {
    const columns = this.#key.map((place) => this.columns[place]).filter((column) => column !== undefined);
    return columns.every((column) => column.include) ? columns : [];
  }
  set key(columns: readonly DraftColumn[]) {
    this.#key = columns.map((column) => this.columns.indexOf(column));
  }

  /** Columns whose values are all there and, as far as was counted, all different. */
  get keyCandidates(): DraftColumn[] {
    return this.included.filter(({ found }) => found.nulls === 0 && (found.distinct === null || found.distinct === this.found.rows));
  }

  /** The first thing that stands in the way of the import, in words; null when nothing does. */
  get fault(): string | null {
    if (this.included.length === 0) return t("import.fault.nothing");
    if (this.tableFault) return t("import.fault.table");
    if (this.columns.some((column) => this.columnFault(column) !== null)) return t("import.fault.names");
    if (this.misfits > 0) return t("import.fault.misfits", { n: this.misfits });
    if (this.found.ragged && this.found.ragged.long > 0) return t("import.fault.long", { n: this.found.ragged.long });
    if (this.found.ragged && !this.fillShortRows) return t("import.fault.ragged");
    return null;
  }

  toRun(): ImportRun {
    const key = this.key.map(({ name }) => name.normalize("NFC"));
    return {
      table: this.table.normalize("NFC"),
      columns: this.columns.map(({ found, name, type, include }) => ({ source: found.name, name: name.normalize("NFC"), type, include })),
      key: key.length > 1 ? key : (key[0] ?? null),
      fill_short_rows: this.fillShortRows,
      target: "new",
      bad_rows: "refuse",
      dry_run: false,
      recipe: true,
      structure: true,
    };
  }
}

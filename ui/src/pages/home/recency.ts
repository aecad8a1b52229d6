import type { Collection } from "$lib/api/types";

export interface Shown {
  collection: Collection;
  /** When it was last opened here; null when it was not. */
  at: string | null;
}

/** Collections opened last first, then the others in the server's order. */
export function byRecency(collections: Collection[], visits: { name: string; at: string }[]): Shown[] {
  const rank = new Map(visits.map((visit, index) => [visit.name, index]));
  const last = visits.length;
  return collections
    .map((collection) => ({ collection, at: visits[rank.get(collection.name) ?? -1]?.at ?? null }))
    .sort((a, b) => (rank.get(a.collection.name) ?? last) - (rank.get(b.collection.name) ?? last));
}

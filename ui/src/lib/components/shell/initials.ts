/** Two letters for a person's round sign: "Ada Lovelace" → "AL", "owner" → "OW". */
export function initials(name: string): string {
  const words = name.split(/[\s._-]+/).filter((word) => word !== "");
  const first = words[0] ?? "";
  const letters = words.length > 1 ? [...first].slice(0, 1).concat([...(words.at(-1) ?? "")].slice(0, 1)) : [...first].slice(0, 2);
  return letters.join("").toUpperCase();
}

/** A choice's colour: by its place in the list, so that it is the same on every screen. The word always stands beside it. */

const TONES = ["ok", "warn", "violet", "danger", "info", "neutral"] as const;

export type PillTone = (typeof TONES)[number];

export function pillTone(value: string, choices: readonly string[]): PillTone {
  const place = choices.indexOf(value);
  return place < 0 ? "neutral" : TONES[place % TONES.length]!;
}

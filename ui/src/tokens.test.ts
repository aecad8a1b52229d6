/** The palette's promise, computed again from tokens.css: WCAG 2.2 contrast of every pair that the interface draws. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");

type Colour = [red: number, green: number, blue: number];

/** The declarations of the first block after `selector {`. */
function block(selector: string): Record<string, string> {
  const start = css.indexOf(`\n${selector} {`);
  const text = css.slice(start, css.indexOf("\n}", start)).replace(/\/\*.*?\*\//gs, "");
  return Object.fromEntries([...text.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(([, name, value]) => [name ?? "", (value ?? "").trim()]));
}

const light = block(':root, [data-theme="light"]');
const themes: Record<string, Record<string, string>> = { light, dark: { ...light, ...block('[data-theme="dark"]') } };

function colour(tokens: Record<string, string>, name: string): Colour {
  const hex = tokens[name] ?? "";
  expect(hex, `--${name} is a hex colour`).toMatch(/^#[0-9a-f]{6}$/i);
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as Colour;
}

/** WCAG 2.2, relative luminance. */
function luminance(of: Colour): number {
  const [red, green, blue] = of.map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as Colour;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(tokens: Record<string, string>, first: string, second: string): number {
  const [dark, bright] = [luminance(colour(tokens, first)), luminance(colour(tokens, second))].sort((a, b) => a - b) as [number, number];
  return (bright + 0.05) / (dark + 0.05);
}

const surfaces = ["bg", "surface", "surface-2", "surface-3", "surface-4", "surface-pop"];
const panels = ["surface", "surface-2", "surface-pop"];
const text: [string, string[]][] = [
  ["text", surfaces],
  ["text-2", surfaces],
  ["text-3", surfaces],
  ["accent", panels],
  ["warn", panels],
  ["danger", panels],
  ["info", panels],
  ["ok", panels],
  ["on-accent", ["accent-solid", "accent-solid-hover", "danger-solid"]],
  ["on-accent-soft", ["accent-soft", "accent-soft-2"]],
  ["on-warn-soft", ["warn-soft"]],
  ["on-danger-soft", ["danger-soft"]],
  ["on-info-soft", ["info-soft"]],
  ["on-ok-soft", ["ok-soft"]],
  ["on-violet-soft", ["violet-soft"]],
  ["on-neutral-soft", ["neutral-soft"]],
  ...["code-key", "code-str", "code-num", "code-fn", "code-com"].map((name): [string, string[]] => [name, ["surface-2"]]),
];
const marks: [string, string[]][] = [
  ["line-control", panels],
  ["focus", panels],
  ...[1, 2, 3, 4, 5, 6].map((number): [string, string[]] => [`chart-${number}`, ["surface"]]),
];

describe.each(Object.keys(themes))("the %s theme", (theme) => {
  const tokens = themes[theme] ?? {};

  it.each(text)("--%s can be read (4.5:1)", (name, grounds) => {
    for (const ground of grounds) expect(contrast(tokens, name, ground), `${name} on ${ground}`).toBeGreaterThanOrEqual(4.5);
  });

  it.each(marks)("--%s can be seen (3:1)", (name, grounds) => {
    for (const ground of grounds) expect(contrast(tokens, name, ground), `${name} on ${ground}`).toBeGreaterThanOrEqual(3);
  });
});

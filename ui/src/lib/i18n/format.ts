import { locale, t } from "./index";

const whole = new Intl.NumberFormat(locale);
const thousands = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 0 });
const millions = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
const shares = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
const ago = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });

export function number(value: number): string {
  return whole.format(value);
}

/** As the sidebar writes counts: 1,284 but 48k, 6.1M, 10M. */
export function compact(value: number): string {
  if (value < 10_000) return whole.format(value);
  return (value < 999_500 ? thousands : millions).format(value).replace("K", "k");
}

export function percent(share: number): string {
  return shares.format(share);
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

export function bytes(value: number): string {
  const step = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(value) / 3));
  const amount = value / 1000 ** step;
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit: UNITS[step] ?? "byte",
    unitDisplay: step === 0 ? "long" : "short",
    maximumFractionDigits: amount < 10 && step > 1 ? 1 : 0,
  }).format(amount);
}

/** "in 12 s", "in 4 min": how long is left. */
export function duration(seconds: number): string {
  const [value, unit] = seconds < 90 ? [seconds, "second"] : seconds < 5400 ? [seconds / 60, "minute"] : [seconds / 3600, "hour"];
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 0 }).format(
    Math.max(1, Math.round(value)),
  );
}

/** Relative under a day, a date after that. Show `exact` in the tooltip. */
export function when(iso: string, now = Date.now()): string {
  const then = Date.parse(iso);
  if (Number.isNaN(then)) return iso;
  const seconds = (then - now) / 1000;
  const past = Math.abs(seconds);
  if (past < 45) return t("time.now");
  if (past < 3600) return ago.format(Math.round(seconds / 60), "minute");
  if (past < 86_400) return ago.format(Math.round(seconds / 3600), "hour");
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium" }).format(then);
}

export function exact(iso: string): string {
  const then = Date.parse(iso);
  return Number.isNaN(then) ? iso : moment.format(then);
}

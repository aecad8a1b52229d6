/** Which of a browser's tabs was used last: what is opened from outside opens in that one only. */
const KEY = "rolltop.foremost";
const me = `${performance.timeOrigin}-${Math.random()}`;

function claim(): void {
  localStorage.setItem(KEY, me);
}

function leave(): void {
  if (localStorage.getItem(KEY) === me) localStorage.removeItem(KEY);
}

export function startForemost(): void {
  claim();
  addEventListener("focus", claim);
  addEventListener("pageshow", claim);
  addEventListener("pagehide", leave);
}

/** True also when nobody knows: better opened twice than not at all. */
export function isForemost(): boolean {
  const last = localStorage.getItem(KEY);
  return last === null || last === me;
}

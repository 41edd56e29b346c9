// Numbers, shares and times as people read them.

const INTEGER = new Intl.NumberFormat("en");

export const count = (number) => INTEGER.format(number);

/** `1 node`, `2,000 nodes`. */
export const counted = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;

/** A share in percent with one decimal, rounded down: never 100 unless it's whole, never 0 unless it's nothing. */
export function percent(part, whole) {
  if (!whole) return "–";
  if (part === whole) return "100 %";
  if (part === 0) return "0 %";
  const tenths = Math.max(1, Math.min(999, Math.floor((part * 1000) / whole)));
  return `${Math.floor(tenths / 10)}.${tenths % 10} %`;
}

/** A span in seconds, in its largest unit that says enough: `48 s`, `12 min`, `5 h`, `3 d`. */
export function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return `${Math.round(whole / 60)} min`;
  if (whole < 172_800) return `${Math.round(whole / 3600)} h`;
  return `${Math.round(whole / 86_400)} d`;
}

/** When a try is due: rounded up, so that nobody waits in vain. */
export function due(moment) {
  const seconds = Math.ceil((moment - Date.now()) / 1000);
  if (seconds <= 0) return "now";
  if (seconds < 120) return `in ${seconds} s`;
  if (seconds < 7200) return `in ${Math.ceil(seconds / 60)} min`;
  return `in ${Math.ceil(seconds / 3600)} h`;
}

/** `512 B`, `3.4 MB`, `1.2 GB`: decimal, as registries count. */
export function bytes(number) {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let unit = 0;
  let value = number ?? 0;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const CLOCK_SECONDS = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" });

export const clock = (moment) => CLOCK.format(moment);
export const clockSeconds = (moment) => CLOCK_SECONDS.format(moment);
export const day = (moment) => DAY.format(moment);

/** `Mon, 23 Nov, 14:05` */
export const moment = (at) => `${DAY.format(at)}, ${CLOCK.format(at)}`;

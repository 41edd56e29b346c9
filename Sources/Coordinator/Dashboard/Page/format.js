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

/** A span in seconds, as the command line writes it: `0.4 s`, `48 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function span(seconds) {
  const tenths = Math.max(0, Math.round(seconds * 10)) / 10;
  if (tenths < 10 && !Number.isInteger(tenths)) return `${tenths} s`;
  const whole = Math.max(0, Math.round(seconds));
  const two = (first, unit, second, small) => `${first} ${unit}${second ? ` ${second} ${small}` : ""}`;
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return two(Math.floor(whole / 60), "min", whole % 60, "s");
  if (whole < 172_800) return two(Math.floor(whole / 3600), "h", Math.floor((whole % 3600) / 60), "min");
  return two(Math.floor(whole / 86_400), "d", Math.floor((whole % 86_400) / 3600), "h");
}

/** How long ago something was, in its largest unit alone: it grows while it is read. */
export function age(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return `${Math.round(whole / 60)} min`;
  if (whole < 172_800) return `${Math.round(whole / 3600)} h`;
  return `${Math.round(whole / 86_400)} d`;
}

/** The browser's time zone, which all times of the page are in: `Europe/Berlin (UTC+1)`, `UTC`. */
export function timeZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const minutes = -new Date().getTimezoneOffset();
  if (!minutes) return zone === "UTC" || !zone ? "UTC" : `${zone} (UTC)`;
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${zone} (UTC${minutes < 0 ? "−" : "+"}${hours}${rest ? `:${String(rest).padStart(2, "0")}` : ""})`;
}

/** A reference as its beginning, which may be cut, and its end, which tells images apart: the last part and the tag. */
export function parts(reference) {
  const slash = reference.lastIndexOf("/", reference.indexOf("@") < 0 ? reference.length : reference.indexOf("@"));
  const end = reference.slice(slash + 1);
  // A digest is as long as a line: its end tells it apart.
  const cut = end.length > 40 ? reference.length - 24 : slash + 1;
  return [reference.slice(0, cut), reference.slice(cut)];
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

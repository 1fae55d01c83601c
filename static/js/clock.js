// Clocks: text redrawn each 15 s from the server's time, moments in the viewer's zone.
// Markup: [data-due] (ISO) with optional [data-since], [data-short]; the text in [data-clock-text]
//   or the element itself, the ring in [data-arc]; data-state becomes ok, soon, late; "paused"
//   stands still. time[datetime][data-local="time|day|full"].

import { every, on } from "./page.js";
import { now } from "./server.js";

const MINUTE = 60_000;
const FORMS = {
  time: { hour: "2-digit", minute: "2-digit", hour12: false },
  day: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false },
  full: { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hour12: false },
};

export function start() {
  localise(document);
  redraw();
  every(15_000, redraw);
  on(document, "visibilitychange", () => { if (!document.hidden) redraw(); });
  on(document, "htmx:afterSwap", (event) => { localise(event.detail.target); redraw(); });
}

/** Moments as the viewer's own clock shows them; UTC stays in the title. */
export function localise(root) {
  for (const time of root.querySelectorAll("time[data-local]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) time.textContent = new Intl.DateTimeFormat("en-GB", FORMS[time.dataset.local]).format(at);
  }
}

/** The same words as the server's: "12 min left", "1 h 05 left", "3 days left", "12 min late". */
export function words(ms, short) {
  const minutes = Math.floor(Math.abs(ms) / MINUTE);
  const span = minutes < 1 ? "under 1 min"
    : minutes < 60 ? `${minutes} min`
      : minutes < 24 * 60 ? `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")}`
        : minutes < 48 * 60 ? "1 day" : `${Math.floor(minutes / 1440)} days`;
  if (ms < 0) return `${span} late`;
  return short ? span : `${span} left`;
}

function redraw() {
  for (const clock of document.querySelectorAll("[data-due]")) {
    if (clock.dataset.state === "paused") continue;
    const left = Date.parse(clock.dataset.due) - now();
    if (Number.isNaN(left)) continue;
    const whole = Date.parse(clock.dataset.due) - Date.parse(clock.dataset.since);
    const soon = left < 15 * MINUTE || (whole > 0 && left < whole / 5);
    clock.dataset.state = left < 0 ? "late" : soon ? "soon" : "ok";
    const text = clock.querySelector("[data-clock-text]") ?? clock;
    const said = words(left, "short" in clock.dataset);
    if (text.textContent !== said) text.textContent = said;
    if (whole > 0) {
      const share = Math.round(Math.min(Math.max(left / whole, 0), 1) * 100);
      clock.querySelector("[data-arc]")?.setAttribute("stroke-dasharray", `${share} 100`);
    }
  }
}

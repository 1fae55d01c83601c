// The keyboard map. Other modules bind their keys here; while one types, single keys rest.
// Reads: body[data-shortcuts="on|off"]; a[data-next-case], a[data-previous-case]; [data-row];
//   [data-search]; #decide; [data-skip]; [data-opens="dialog id"], [data-closes].

import { leaving, on } from "./page.js";

const bound = new Map();
let waitingForSecond = 0;

/** Bind a key ("v", "]", "g w"). `always`: also while typing and with single keys off (Esc, Ctrl Enter). */
export function bind(key, act, { always = false } = {}) {
  bound.set(key, { act, always });
}

export function start() {
  leaving(() => bound.clear());
  on(document, "keydown", onKey);
  on(document, "click", onClick);
  bind("j", () => step(1));
  bind("k", () => step(-1));
  bind("g w", () => location.assign("/queues/"));
  bind("g c", () => location.assign("/cases/"));
  bind("/", search);
  bind("?", () => document.getElementById("keys-sheet")?.showModal());
  bind("d", toPanel);
  bind("n", skip);
  bind("Escape", toCase, { always: true });
}

function onKey(event) {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  const key = nameOf(event);
  const entry = bound.get(key);
  if (!entry) return;
  const resting = isTyping(event.target) || document.body.dataset.shortcuts === "off";
  if (resting && !entry.always) return;
  if (entry.act(event) !== false) event.preventDefault();
}

function nameOf(event) {
  const control = event.ctrlKey || event.metaKey;
  if (control) return `ctrl ${event.key}`;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.timeStamp - waitingForSecond < 1000 && waitingForSecond) {
    waitingForSecond = 0;
    return `g ${key}`;
  }
  if (key === "g" && !isTyping(event.target)) waitingForSecond = event.timeStamp;
  return key;
}

export function isTyping(target) {
  if (!(target instanceof Element)) return false;
  if (target.isContentEditable || target.matches("textarea, select")) return true;
  return target.matches("input") && !["radio", "checkbox", "button", "submit"].includes(target.type);
}

/** J, K: the neighbouring case on a case's page, the neighbouring row on a list. */
function step(by) {
  const neighbour = document.querySelector(by > 0 ? "[data-next-case]" : "[data-previous-case]");
  if (document.getElementById("case-title")) {
    const rows = [...document.querySelectorAll(".queue [data-row]")];
    const here = rows.findIndex((row) => row.hasAttribute("aria-current"));
    const link = neighbour ?? rows[here + by];
    return link ? link.click() : false;
  }
  const rows = [...document.querySelectorAll("main [data-row]")].filter((row) => row.offsetParent);
  if (!rows.length) return false;
  const here = rows.indexOf(document.activeElement);
  const next = here < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(here + by, 0), rows.length - 1);
  rows[next].focus();
}

function search() {
  const field = document.querySelector("[data-search]");
  if (field?.offsetParent) field.focus();
  else location.assign("/cases/");
}

function toPanel() {
  const panel = document.getElementById("decide");
  const first = panel?.querySelector("[name=outcome]:checked") ?? panel?.querySelector("[name=outcome], .d-body button, .d-body a");
  (first ?? panel)?.focus();
}

/** Esc: out of a field or the panel, back to the case; a menu closes first. */
function toCase() {
  const open = document.querySelector("details[data-menu][open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
    return;
  }
  const inside = document.activeElement?.closest("#decide, .pane-edit, [data-search]");
  if (!inside) return false;
  (document.getElementById("case-title") ?? document.querySelector("h1"))?.focus();
  if (document.activeElement === inside) inside.blur();
}

function skip() {
  const part = document.querySelector("[data-skip]");
  if (!part) return false;
  part.open = true;
  part.querySelector("select").focus();
}

function onClick(event) {
  const opener = event.target.closest("[data-opens]");
  const sheet = opener && document.getElementById(opener.dataset.opens);
  if (sheet) { event.preventDefault(); sheet.showModal(); }
  event.target.closest("[data-closes]")?.closest("dialog").close();
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
}

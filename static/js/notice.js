// Notices under the bar and the one polite voice for screen readers.
// Markup: #notice, #announce, template#notice-template; [data-notice] with [data-close-notice].

import { on } from "./page.js";

const place = () => document.getElementById("notice");

export function start() {
  place()?.querySelectorAll("[data-close-notice]").forEach((button) => { button.hidden = false; });
  on(document, "click", (event) => {
    const close = event.target.closest("[data-close-notice]");
    if (close) close.closest("[data-notice]").remove();
  });
  // What htmx swapped in (403, 409, 422, 423 and the rest that goes wrong) takes focus.
  on(document, "htmx:afterSwap", (event) => {
    if (event.detail.target === place()) reach();
  });
  on(document, "htmx:responseError", (event) => failed(event.detail.xhr.getResponseHeader("X-Request-ID")));
  on(document, "htmx:sendError", () => failed());
  document.querySelector("[data-error-summary]")?.focus();
  on(document, "click", (event) => {
    const link = event.target.closest("[data-error-summary] a[href^='#']");
    if (!link) return;
    const field = document.getElementById(link.hash.slice(1));
    const input = field?.matches("input, select, textarea") ? field : field?.querySelector("input, select, textarea");
    if (input) { event.preventDefault(); input.focus(); }
  });
}

function failed(reference) {
  say("error", "That did not work", "Nothing was changed. Try again; if it happens twice, give your administrator the time"
    + (reference ? ` and this reference: ${reference}` : " and what you did") + ".");
}

/** Show nodes (or a server-rendered string of HTML) as the notice, and take focus there. */
export function show(content, { focus = true } = {}) {
  const nodes = typeof content === "string"
    ? new DOMParser().parseFromString(content, "text/html").body.childNodes
    : [content];
  place().replaceChildren(...nodes);
  if (focus) reach();
}

/** A plain notice: words of ours or of a problem document, as text. */
export function say(kind, title, text) {
  const notice = document.getElementById("notice-template").content.firstElementChild.cloneNode(true);
  notice.className = `notice ${kind}`;
  notice.querySelector("h2").textContent = title;
  notice.querySelector("p").textContent = text;
  notice.querySelector("[data-close-notice]").hidden = false;
  show(notice);
}

export function clear() {
  place()?.replaceChildren();
}

export function announce(text) {
  const voice = document.getElementById("announce");
  if (voice) voice.textContent = text;
}

function reach() {
  const first = place().querySelector("[tabindex='-1']");
  first?.focus({ preventScroll: true });
  first?.scrollIntoView({ block: "nearest" });
}

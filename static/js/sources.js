// Sources that a person opens: the summary says when, and the draft remembers it. A source that
// the page itself shows open says nothing about anybody having read it.
// Markup: details[data-source=n], [data-source-state] in its summary; sets [data-opened=ISO].
// Fires on document: "countermark:opened".

import { on } from "./page.js";
import { now } from "./server.js";

export function start() {
  const shown = new Set(document.querySelectorAll("details[data-source][open]"));
  on(document, "toggle", (event) => {
    const source = event.target;
    if (!(source instanceof HTMLDetailsElement) || !source.matches("[data-source]")) return;
    // The browser reports an open element once when the page is read.
    if (shown.delete(source) && source.open) return;
    if (source.open && !source.dataset.opened) opened(source);
  }, { capture: true });
}

function opened(source) {
  const at = new Date(now());
  source.dataset.opened = at.toISOString();
  const state = source.querySelector("[data-source-state]");
  if (state) {
    state.classList.remove("todo");
    state.textContent = `opened ${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}`;
  }
  document.dispatchEvent(new CustomEvent("countermark:opened"));
}

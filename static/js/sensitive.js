// Sensitive values: covered until asked for (a details element, so it works without script), and
// covered again when the page is left or hidden, so that a screen left alone shows nothing.
// Markup: details[data-covered].

import { on } from "./page.js";

export function start() {
  const cover = () => {
    for (const value of document.querySelectorAll("details[data-covered][open]")) value.open = false;
  };
  on(document, "visibilitychange", () => { if (document.hidden) cover(); });
  on(window, "pagehide", cover);
  on(window, "beforeprint", cover);
}

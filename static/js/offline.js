// No connection: the status line says so, deciding rests, reading and typing go on.
// Markup: [data-connection] with [data-connection-text]; [data-send] is the button that rests.
// Fires on document: "countermark:online" when the connection is back.

import { announce } from "./notice.js";
import { on } from "./page.js";

export function start() {
  on(window, "offline", () => state(false));
  on(window, "online", () => state(true));
  if (!navigator.onLine) state(false);
}

/** Told by whoever sends: a fetch that failed means offline, one that arrived means online. */
export function state(online) {
  const line = document.querySelector("[data-connection]");
  if (!line || (line.dataset.state !== "offline") === online) return;
  line.dataset.state = online ? "online" : "offline";
  line.querySelector("[data-connection-text]").textContent = online ? "Live" : "Offline, your text is kept on this device";
  announce(online ? "Connected again" : "Offline. Your text is kept on this device.");
  document.querySelector("[data-send]")?.toggleAttribute("data-resting", !online);
  if (online) document.dispatchEvent(new CustomEvent("countermark:online"));
}

// The undo window: counts down beside the receipt, Z undoes, afterwards the receipt says "sent".
// Markup: .receipt[data-undo-until=ISO] with form[data-undo] and [data-undo-text].

import { bind } from "./keys.js";
import { every } from "./page.js";
import { now } from "./server.js";

export function start() {
  const receipt = document.querySelector("[data-undo-until]");
  const form = receipt?.querySelector("form[data-undo]");
  if (!form) return;
  const until = Date.parse(receipt.dataset.undoUntil);
  const text = receipt.querySelector("[data-undo-text]");
  bind("z", () => form.requestSubmit());
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "true";
  });
  const tick = () => {
    const left = Math.ceil((until - now()) / 1000);
    if (left > 0) {
      text.textContent = `Leaves in ${left} s`;
      return;
    }
    clearInterval(timer);
    bind("z", () => false);
    form.remove();
    receipt.dataset.state = "sent";
    text.textContent = "The window is over. A correction is a new decision now.";
  };
  const timer = every(1000, tick);
  tick();
}

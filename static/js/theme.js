// Quiet forms: they post without leaving the page. The theme switch and Play are such forms;
// without script they post and come back.
// Markup: form[data-theme-switch] with button[name=theme][aria-pressed]; form[data-quiet] with a
//   button[role=switch] whose value turns between on and off.

import { on } from "./page.js";
import { send } from "./server.js";

export function start() {
  on(document, "submit", (event) => {
    const { target: form, submitter } = event;
    if (!submitter || !form.matches("[data-theme-switch], [data-quiet]")) return;
    event.preventDefault();
    const undo = form.matches("[data-theme-switch]") ? theme(submitter.value) : turn(submitter);
    const body = new URLSearchParams(new FormData(form));
    body.set(submitter.name, undo.value);
    send(form.action, { body, headers: { Accept: "application/json" } })
      .then((answer) => { if (!answer.ok) undo(); }, undo);
  });
}

function theme(value) {
  const before = document.documentElement.dataset.theme;
  wear(value);
  return Object.assign(() => wear(before), { value });
}

function wear(value) {
  document.documentElement.dataset.theme = value;
  for (const button of document.querySelectorAll("[data-theme-switch] button")) {
    button.setAttribute("aria-pressed", String(button.value === value));
  }
}

function turn(button) {
  const { value } = button;
  const set = (on) => {
    button.setAttribute("aria-checked", String(on));
    button.value = on ? "off" : "on";
  };
  set(value === "on");
  return Object.assign(() => set(value !== "on"), { value });
}

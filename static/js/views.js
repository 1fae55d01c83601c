// Marked, changes, clean: V walks through them; what is typed as a correction shows at once.
// Markup: input[data-view-choice="marked|changes|clean"]; [data-corrects=path][data-drafted];
//   [data-changes=path], [data-clean=path], [data-yours=path].

import { words } from "./diff.js";
import { bind } from "./keys.js";
import { announce } from "./notice.js";

export function start() {
  const choices = [...document.querySelectorAll("[data-view-choice]")];
  if (choices.length) {
    bind("v", () => {
      const next = choices[(choices.findIndex((one) => one.checked) + 1) % choices.length];
      next.click();
      announce(`Showing: ${next.dataset.viewChoice}`);
    });
  }
  for (const field of document.querySelectorAll("[data-corrects]")) {
    field.addEventListener("input", () => reflect(field));
    reflect(field);
  }
}

/** A number as the table beside it writes them. */
function written(field, value) {
  const plain = field.inputMode === "decimal" && /^-?\d{1,15}(\.\d{1,6})?$/.test(value);
  return plain ? new Intl.NumberFormat("en-GB", { maximumFractionDigits: 6 }).format(Number(value)) : value;
}

function reflect(field) {
  const { corrects: path, drafted } = field.dataset;
  const value = field.value;
  const changed = value !== drafted;
  field.closest(".fix")?.toggleAttribute("data-changed", changed);
  const named = (name) => document.querySelectorAll(`[data-${name}="${CSS.escape(path)}"]`);
  for (const cell of named("yours")) {
    cell.textContent = changed ? written(field, value) : "–";
    cell.classList.toggle("changed", changed);
  }
  for (const pane of named("clean")) pane.textContent = value;
  for (const pane of named("changes")) {
    pane.replaceChildren(...words(drafted, value).map(({ op, text }) => {
      if (op === "same") return document.createTextNode(text);
      const node = document.createElement(op);
      node.textContent = text;
      return node;
    }));
  }
}

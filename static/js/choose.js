// Choosing in the decision panel: A C R E B, the first empty field, the count of the rationale,
// sentences to begin with.
// Markup: input[name=outcome][data-key][data-rationale-min][data-reasons-min]; #outcome-error;
//   [data-for] parts; input[data-reason][data-starter]; #rationale, [data-count],
//   [data-starter-offer] with [data-insert-starter].

import { bind } from "./keys.js";

let form;
const outcome = () => form.querySelector("[name=outcome]:checked");
const rationale = () => form.querySelector("#rationale");

export function start() {
  form = document.querySelector("form[data-decision]");
  if (!form) return;
  for (const option of form.querySelectorAll("[name=outcome][data-key]")) {
    bind(option.dataset.key, () => choose(option));
  }
  form.addEventListener("change", (event) => {
    if (event.target.name === "outcome") chosen();
    if (event.target.matches("[data-reason]")) offer(event.target);
  });
  form.addEventListener("input", count);
  form.querySelector("[data-insert-starter]")?.addEventListener("click", begin);
  chosen();
}

function choose(option) {
  option.checked = true;
  option.dispatchEvent(new Event("change", { bubbles: true }));
  firstEmpty().focus();
}

/** Reasons that do not fit the new outcome are taken back, so that none is sent unseen. */
function chosen() {
  const now = outcome();
  if (now) {
    document.getElementById("outcome-error").hidden = true;
    document.getElementById("outcome").removeAttribute("aria-invalid");
  }
  for (const reason of form.querySelectorAll("[data-reason]:checked")) {
    const fits = reason.closest("[data-for]").dataset.for.split(" ");
    if (now && !fits.includes(now.value)) reason.checked = false;
  }
  count();
}

/** Where the eyes go next: what this outcome still needs, in the order of the form. */
function firstEmpty() {
  const { value, dataset } = outcome();
  const seen = (field) => field.offsetParent !== null || field.closest("label")?.offsetParent != null;
  const corrections = [...form.elements].filter((field) => field.dataset.corrects && seen(field));
  if (value === "correct" && corrections.length && corrections.every((field) => field.value === field.dataset.drafted)) return corrections[0];
  const reasons = [...form.querySelectorAll("[data-reason]")].filter(seen);
  if (Number(dataset.reasonsMin) > 0 && reasons.length && !reasons.some((one) => one.checked)) return reasons[0];
  if (Number(dataset.rationaleMin) > 0 && !rationale().value.trim()) return rationale();
  return form.querySelector("[data-send]");
}

/** No choice yet: say so and bring the choices under the hand. */
export function demandOutcome() {
  if (outcome()) return true;
  const error = document.getElementById("outcome-error");
  const options = document.getElementById("outcome");
  error.hidden = false;
  options.setAttribute("aria-invalid", "true");
  options.setAttribute("aria-describedby", "outcome-error");
  options.querySelector("input").focus();
  return false;
}

function count() {
  const need = Number(outcome()?.dataset.rationaleMin ?? 0);
  const line = form.querySelector("[data-count]");
  const length = rationale().value.trim().length;
  line.textContent = need ? `${length}, at least ${need}` : "";
  line.dataset.short = String(need > 0 && length < need);
}

function offer(reason) {
  const place = form.querySelector("[data-starter-offer]");
  const { starter } = reason.dataset;
  if (!reason.checked || !starter || rationale().value.includes(starter)) {
    if (place) place.hidden = true;
    return;
  }
  const button = place.querySelector("[data-insert-starter]");
  button.textContent = `Begin with “${starter}”`;
  button.dataset.starter = starter;
  place.hidden = false;
}

function begin(event) {
  const field = rationale();
  const rest = field.value.trim();
  field.value = event.currentTarget.dataset.starter + (rest ? ` ${rest}` : " ");
  event.currentTarget.closest("[data-starter-offer]").hidden = true;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
  field.setSelectionRange(field.value.length, field.value.length);
}

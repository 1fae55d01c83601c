// The condition builder and what stands beside an editing form.
// Reads: [data-condition] with [data-group], [data-parts], [data-row]; #condition-data (JSON: fields
// by path, tests by type); #condition-row and #condition-group (templates); form[data-edit] with
// data-beside. Without this module every button posts the form and the server does the same.

import { send } from "./server.js";

const MOST_NESTED = 2;
const QUICK = 250; // ms after the last key, for the words
const SETTLED = 600; // and for the preview

let data = null;

export function start() {
  const form = document.querySelector("form[data-edit]");
  if (!form) return;
  const source = document.getElementById("condition-data");
  if (source) {
    data = JSON.parse(source.textContent);
    const root = form.querySelector("[data-condition] > [data-group]");
    if (root) build(form, root);
  }
  listen(form);
}

function build(form, root) {
  renumber(root, "c", 0);
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-add-row], [data-add-group], [data-remove]");
    if (!button || !root.contains(button)) return;
    event.preventDefault();
    if ("remove" in button.dataset) remove(root, button.closest("[data-row], [data-group]"));
    else add(root, button.closest("[data-group]"), "addGroup" in button.dataset);
    told(form);
  });
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || event.ctrlKey || event.metaKey) return;
    if (!event.target.matches("input, select")) return;
    event.preventDefault();
    const row = event.target.closest("[data-row]");
    add(root, event.target.closest("[data-group]"), false, row);
    told(form);
  });
  root.addEventListener("change", (event) => {
    const row = event.target.closest("[data-row]");
    if (!row) return;
    if (event.target.matches("[data-field]")) fieldChosen(row);
    else if (event.target.matches("[data-code], [data-kind]")) valueFits(row);
  });
}

// Rows and groups.

function add(root, group, isGroup, after = null) {
  const template = document.getElementById(isGroup ? "condition-group" : "condition-row");
  const made = template.content.firstElementChild.cloneNode(true);
  if (after) after.after(made);
  else group.querySelector(":scope > [data-parts]").append(made);
  if (isGroup) {
    const outer = group.querySelector("[data-joint]").value;
    made.querySelector("[data-joint]").value = outer === "all" ? "any" : "all";
  }
  renumber(root, "c", 0);
  made.querySelector("[data-field]").focus();
  announce(`${isGroup ? "Group" : "Condition"} added, ${counted(root)}.`);
}

function remove(root, part) {
  const all = [...root.querySelectorAll("[data-field]")].filter((one) => !part.contains(one));
  const before = all.filter((one) => one.compareDocumentPosition(part) & Node.DOCUMENT_POSITION_FOLLOWING);
  part.remove();
  renumber(root, "c", 0);
  const next = before.at(-1) ?? all[0] ?? root.querySelector("[data-add-row]");
  next.focus();
  announce(`Removed, ${counted(root)}.`);
}

function counted(root) {
  const count = root.querySelectorAll("[data-row]").length;
  return count === 1 ? "1 condition" : `${count} conditions`;
}

/** Names, ids and labels by place, so that the form posts what is seen. */
function renumber(group, name, depth) {
  const slug = name.replaceAll(".", "-");
  const joint = group.querySelector("[data-joint]");
  joint.name = `${name}.joint`;
  joint.id = `${slug}-joint`;
  const head = group.querySelector(":scope > .cond-head > [data-remove]");
  if (head) head.value = `remove:${name}`;
  const foot = group.querySelector(":scope > .cond-add");
  foot.querySelector("[data-add-row]").value = `row:${name}`;
  foot.querySelector("[data-add-group]").value = `group:${name}`;
  foot.querySelector("[data-add-group]").hidden = depth >= MOST_NESTED;
  const parts = [...group.querySelector(":scope > [data-parts]").children];
  parts.forEach((part, place) => {
    const inner = `${name}.${place}`;
    if ("group" in part.dataset) renumber(part, inner, depth + 1);
    else nameRow(part, inner, place + 1, parts.length);
  });
  const none = group.querySelector(":scope > [data-none]");
  if (none) none.hidden = parts.length > 0;
}

function nameRow(row, name, number, of) {
  const slug = name.replaceAll(".", "-");
  for (const part of ["field", "code", "kind", "value"]) {
    const input = row.querySelector(`[data-${part}]`);
    if (!input) continue;
    input.name = `${name}.${part}`;
    input.id = `${slug}-${part}`;
  }
  row.setAttribute("aria-label", `Condition ${number} of ${of}`);
  row.querySelector("[data-rate]").id = `rate-${slug}`;
  row.querySelector("[data-remove]").value = `remove:${name}`;
}

// One row: tests follow the field's type, the value follows both.

function typeOf(row) {
  return data.fields[row.querySelector("[data-field]").value]?.type ?? "any";
}

function fieldChosen(row) {
  const known = data.fields[row.querySelector("[data-field]").value];
  const select = row.querySelector("[data-code]");
  const former = select.value;
  select.replaceChildren(...data.operators[typeOf(row)].flatMap(options));
  select.value = former;
  if (select.selectedIndex < 0) select.selectedIndex = 0;
  row.querySelector("[data-hint]").textContent = known?.hint ?? "";
  row.querySelector("[data-rate]").textContent = "";
  row.querySelectorAll(".field-error").forEach((one) => one.remove());
  row.querySelectorAll("[aria-invalid]").forEach((one) => one.removeAttribute("aria-invalid"));
  valueFits(row);
}

function options(group) {
  const made = group.options.map(([code, word]) => new Option(word, code));
  if (!group.label || made.length === 0) return made;
  const box = document.createElement("optgroup");
  box.label = group.label;
  box.append(...made);
  return [box];
}

function valueFits(row) {
  const type = typeOf(row);
  const code = row.querySelector("[data-code]").value.replace(/^!/, "");
  const asks = row.querySelector("[data-kind]");
  const literal = !code.startsWith("o:") && code !== "present" && code !== "missing";
  const chosen = row.querySelector("[data-field]").value !== "";
  asks.hidden = !literal || !chosen || !(type === "any" || type === "list");
  const kind = type === "any" || type === "list" ? asks.value : type;
  let wanted = { number: "number", boolean: "boolean", date: "date" }[kind] ?? "text";
  if (code === "in" || code === "not_in") wanted = "list";
  if (code.startsWith("o:")) wanted = "field";
  if (code === "present" || code === "missing") wanted = "none";
  change(row, wanted);
  const unit = row.querySelector("[data-unit]");
  unit.textContent = data.fields[row.querySelector("[data-field]").value]?.unit ?? "";
  unit.hidden = wanted !== "number" || !unit.textContent;
}

function change(row, wanted) {
  const former = row.querySelector("[data-value]");
  if (former && shapeOf(former) === wanted) return;
  const made = wanted === "none" ? null : input(row, wanted);
  if (made) {
    const field = row.querySelector("[data-field]");
    made.dataset.value = "";
    made.name = field.name.replace(/field$/, "value");
    made.id = field.id.replace(/field$/, "value");
    if (former && !["field", "boolean"].includes(wanted) && shapeOf(former) !== "field") made.value = former.value;
    row.querySelector("[data-kind]").after(made);
  }
  former?.remove();
}

function shapeOf(one) {
  if (one.matches("textarea")) return "list";
  if (one.matches("select")) return one.options.length === 2 ? "boolean" : "field";
  if (one.type === "date") return "date";
  return one.inputMode === "decimal" ? "number" : "text";
}

function input(row, wanted) {
  if (wanted === "list") {
    const made = document.createElement("textarea");
    made.rows = 2;
    made.placeholder = "one on each line";
    made.setAttribute("aria-label", "Values, one on each line");
    return made;
  }
  if (wanted === "field") {
    const made = row.querySelector("[data-field]").cloneNode(true);
    delete made.dataset.field;
    made.value = "";
    made.setAttribute("aria-label", "The other field");
    return made;
  }
  const made = document.createElement(wanted === "boolean" ? "select" : "input");
  made.setAttribute("aria-label", "Value");
  if (wanted === "boolean") {
    made.append(new Option("true", "true"), new Option("false", "false"));
  } else {
    made.type = wanted === "date" ? "date" : "text";
    made.autocomplete = "off";
    if (wanted === "number") made.inputMode = "decimal";
  }
  return made;
}

// Beside the form: words at once, the preview when typing has stopped.

let asked = 0;
let shown = 0;

function listen(form) {
  let quick = 0;
  let settled = 0;
  const later = () => {
    clearTimeout(quick);
    clearTimeout(settled);
    quick = setTimeout(() => ask(form, false), QUICK);
    settled = setTimeout(() => ask(form, true), SETTLED);
    document.querySelector("[data-preview]")?.setAttribute("aria-busy", "true");
  };
  form.addEventListener("input", later);
  form.addEventListener("told", later);
  ask(form, true);
}

function told(form) {
  form.dispatchEvent(new Event("told"));
}

async function ask(form, withPreview) {
  const number = ++asked;
  const address = new URL(form.dataset.beside, location.href);
  if (withPreview) address.searchParams.set("preview", "1");
  let text;
  try {
    const answer = await send(address, { body: new FormData(form) });
    if (!answer.ok) return;
    text = await answer.text();
  } catch {
    return; // offline: what stands there stays, and the shell says so
  }
  // Words wait for no preview that was asked meanwhile; a preview of older words is none.
  if (number < (withPreview ? asked : shown)) return;
  shown = number;
  show(new DOMParser().parseFromString(text, "text/html").body, withPreview);
}

function show(answer, withPreview) {
  for (const rate of answer.querySelectorAll("[data-rate]")) {
    const here = document.getElementById(rate.id);
    if (here) here.textContent = rate.textContent;
    rate.remove();
  }
  const beside = document.getElementById("beside");
  const former = beside.querySelector("[data-preview]");
  if (!withPreview && former) answer.append(former);
  beside.replaceChildren(...answer.childNodes);
}

function announce(sentence) {
  document.getElementById("announce").textContent = sentence;
}

start();

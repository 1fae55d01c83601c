// Drafts: what is typed goes to the server 1.5 s after a pause, at the latest 5 s after it was
// typed, and when a field is left. Offline it stays on this device and is sent again later.
// Markup: form[data-decision][data-draft=url], optional [data-draft-at=ISO of the draft shown];
//   [data-draft-status]. PUT body: outcome reasons rationale output queue control_was_right
//   arithmetic opened; output holds the corrected values only, nested by their paths.

import { state } from "./offline.js";
import { on } from "./page.js";
import { now, send } from "./server.js";

const PAUSE = 1_500;
const LATEST = 5_000;
let form;
let key;
let dirtySince = 0;
let timer = 0;
let saving = null;

export function start() {
  form = document.querySelector("form[data-decision][data-draft]");
  if (!form) return;
  dirtySince = 0;
  key = `countermark-draft:${form.dataset.draft}`;
  restore();
  on(document, "input", touched);
  on(document, "change", touched);
  on(document, "focusout", (event) => { if (belongs(event.target)) save(); });
  on(document, "countermark:opened", touch);
  on(document, "countermark:online", () => { if (localStorage.getItem(key)) { dirtySince ||= 1; save(); } });
  on(window, "pagehide", () => save({ keepalive: true }));
}

/** Decided: nothing of it stays behind, and nothing more is saved. */
export function drop() {
  clearTimeout(timer);
  dirtySince = 0;
  if (key) localStorage.removeItem(key);
  form = null;
}

const belongs = (target) => form && target.form === form && target.type !== "hidden";

function touched(event) {
  if (belongs(event.target)) touch();
}

function touch() {
  if (!form) return;
  dirtySince ||= Date.now();
  clearTimeout(timer);
  timer = setTimeout(save, Math.max(0, Math.min(PAUSE, dirtySince + LATEST - Date.now())));
}

async function save({ keepalive = false } = {}) {
  clearTimeout(timer);
  if (!form || !dirtySince) return;
  if (saving && !keepalive) { await saving; if (dirtySince) touch(); return; }
  const body = content();
  const since = dirtySince;
  const mine = form; // the next case may be here when the answer comes
  dirtySince = 0;
  saving = send(form.dataset.draft, { method: "PUT", body, keepalive })
    .then((answer) => { if (form === mine) kept(answer, since); }, () => { if (form === mine) lost(since); state(false); });
  await saving;
  saving = null;
}

function kept(answer, since) {
  state(true);
  if (!answer.ok) { lost(since); return; }
  localStorage.removeItem(key);
  const at = new Date(now());
  status(`Draft saved ${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}`);
}

function lost(since) {
  dirtySince ||= since;
  localStorage.setItem(key, JSON.stringify({ at: now(), entries: entries() }));
  status("Kept on this device");
  timer = setTimeout(save, 10_000);
}

function status(text) {
  const line = form.querySelector("[data-draft-status]");
  if (line && line.textContent !== text) line.textContent = text;
}

const PRIVATE = ["csrfmiddlewaretoken", "lease", "submission", "revision"];
const entries = () => [...new FormData(form)].filter(([name]) => !PRIVATE.includes(name));

/** The draft as the API takes it. */
export function content() {
  const data = new FormData(form);
  const draft = { rationale: data.get("rationale") ?? "", reasons: data.getAll("reasons") };
  if (data.get("outcome")) draft.outcome = data.get("outcome");
  if (data.get("outcome") === "escalate") draft.queue = data.get("queue");
  draft.output = {};
  for (const field of form.elements) {
    if (field.dataset.corrects && field.value !== field.dataset.drafted) put(draft.output, field.dataset.corrects, field.value);
  }
  draft.control_was_right = Object.fromEntries([...data].filter(([name]) => name.startsWith("right.")).map(([name, value]) => [name.slice(6), value]));
  const figures = data.getAll("tie_figure");
  draft.arithmetic = data.getAll("tie_expression")
    .map((expression, n) => ({ figure: figures[n], expression }))
    .filter((tie) => tie.figure || tie.expression);
  draft.opened = Object.fromEntries([...document.querySelectorAll("details[data-source][data-opened]")].map((source) => [source.dataset.source, source.dataset.opened]));
  return draft;
}

function put(tree, path, value) {
  const steps = path.replace(/^output\./, "").split(".");
  const last = steps.pop();
  let here = tree;
  for (const step of steps) here = here[step] ??= {};
  here[last] = value;
}

/** A copy left on this device by a lost connection, unless the server has a newer one. */
function restore() {
  const copy = JSON.parse(localStorage.getItem(key) ?? "null");
  if (!copy) return;
  if (copy.at < Date.parse(form.dataset.draftAt ?? "")) { localStorage.removeItem(key); return; }
  for (const field of form.elements) {
    if (!field.name || field.type === "hidden") continue;
    const values = copy.entries.filter(([name]) => name === field.name).map(([, value]) => value);
    if (["radio", "checkbox"].includes(field.type)) field.checked = values.includes(field.value);
    else if (values.length && !field.name.startsWith("tie_")) [field.value] = values;
  }
  touch();
}

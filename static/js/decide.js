// Sending a decision: one fetch to the form's own action, one at a time, Ctrl Enter or the button.
// The form itself is never swapped: whatever goes wrong, every typed word stays.
// Markup: form[data-decision] with [name=submission] (one token a page, so that a resent post is
//   the same decision) and [data-send]; #notice.
// Fires on document: "countermark:lost" when a refusal says that the case is one's own no more.
// Server: HX-Request: true is sent. A redirect means that it is decided, and the page at its end
//   takes the place of this one; 4xx with HTML is shown in #notice; a problem document as words.

import { demandOutcome } from "./choose.js";
import { drop } from "./draft.js";
import { bind } from "./keys.js";
import { clear, say, show } from "./notice.js";
import { state } from "./offline.js";
import { go, on, take } from "./page.js";
import { problem, send } from "./server.js";

const FOCUS = "countermark-focus-title";

export function start() {
  welcome();
  const form = document.querySelector("form[data-decision]");
  if (!form) return;
  bind("ctrl Enter", () => form.requestSubmit(), { always: true });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(form);
  });
  // Back must not show a decided case as if it were open.
  on(window, "pageshow", (event) => { if (event.persisted) location.reload(); });
  on(document, "click", (event) => {
    if (event.target.closest("[data-copy-rationale]")) navigator.clipboard?.writeText(form.elements.rationale.value);
  });
}

/** After a decision the next case's title has focus: the reader starts at the top. */
function welcome() {
  if (!sessionStorage.getItem(FOCUS)) return;
  sessionStorage.removeItem(FOCUS);
  const title = document.getElementById("case-title") ?? document.querySelector("main h1");
  if (!title) return;
  title.tabIndex = -1;
  title.focus({ preventScroll: true });
}

async function submit(form) {
  if (form.dataset.sending || !demandOutcome()) return;
  const button = form.querySelector("[data-send]");
  form.dataset.sending = "true";
  button.setAttribute("aria-disabled", "true");
  document.body.setAttribute("aria-busy", "true");
  const gone = await deliver(form);
  if (gone) return;
  delete form.dataset.sending;
  button.removeAttribute("aria-disabled");
  document.body.removeAttribute("aria-busy");
}

/** True when the page is being left. */
async function deliver(form) {
  let answer;
  try {
    answer = await send(form.action, {
      body: new URLSearchParams(new FormData(form)),
      headers: { "HX-Request": "true", Accept: "text/html" },
    });
  } catch {
    state(false);
    say("error", "Not sent, there is no connection", "Your decision is still here. Send it again when the status line says Live; it can only count once.");
    return false;
  }
  const began = Date.now();
  state(true);
  if (new URL(answer.url).pathname.startsWith("/accounts/")) {
    say("error", "Not sent, you are signed out", "Your text stays here. Sign in again in another tab, then send it once more from this one.");
    return false;
  }
  if (answer.redirected) {
    drop();
    sessionStorage.setItem(FOCUS, "1");
    await follow(answer, began);
    return true;
  }
  await refused(answer);
  return false;
}

/** It is decided, so whatever befalls the next page, this one is left. */
async function follow(answer, began) {
  const to = new URL(answer.url);
  const html = answer.ok ? await answer.text().catch(() => "") : "";
  if (html) take(html, to, began);
  else go(to);
}

async function refused(answer) {
  clear();
  const kind = answer.headers.get("Content-Type") ?? "";
  if (answer.status < 500 && kind.includes("text/html")) {
    const html = await answer.text();
    if (!/<html/i.test(html)) {
      show(html);
      showViewControls();
      tellBeside();
      if (answer.status === 409) document.dispatchEvent(new CustomEvent("countermark:lost"));
      return;
    }
    if (answer.status === 403) {
      say("error", "Not sent, this page is too old", "You signed in again since it was opened. Your text stays here: reload the page, and it is in the form again.");
      return;
    }
  }
  const { detail, request_id: reference = answer.headers.get("X-Request-ID") } = await problem(answer);
  say(
    answer.status === 409 ? "conflict" : "error",
    answer.status >= 500 ? "Not sent, something failed on our side" : "Not sent",
    `${detail ?? "Your decision is still here. Send it again; it can only count once."}${reference ? ` Reference ${reference}.` : ""}`,
  );
}

/** Each fault beside its field too, until the field is changed. */
function tellBeside() {
  for (const old of document.querySelectorAll("[data-told]")) old.remove();
  for (const link of document.querySelectorAll("#notice [data-error-summary] a")) {
    const field = document.getElementById(link.hash.slice(1));
    const part = field?.closest(".field, fieldset");
    if (!part || document.getElementById(`${field.id}-told`)) continue;
    const told = document.createElement("p");
    told.className = "field-error";
    told.id = `${field.id}-told`;
    told.dataset.told = "";
    told.textContent = link.textContent;
    part.append(told);
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", told.id);
    part.addEventListener("input", () => {
      told.remove();
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-describedby");
    }, { once: true });
  }
}

function showViewControls() {
  for (const button of document.querySelectorAll("#notice [data-copy-rationale], #notice [data-close-notice]")) button.hidden = false;
}

// Talking to the server: its time, the CSRF token, one fetch.
// Reads: body[data-csrf], body[data-now] (server time of this page, ISO).

import { answeredAt, on } from "./page.js";

let offset = 0;

export function start() {
  const served = Date.parse(document.body.dataset.now);
  // The page is as old as its way here: count from when its answer began.
  if (!Number.isNaN(served)) offset = served - answeredAt();
  on(document, "htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = document.body.dataset.csrf;
  });
}

/** Milliseconds of the server's clock. Leases and due times are never judged by the device. */
export function now() {
  return Date.now() + offset;
}

/** fetch with the CSRF token. A body that is no form is sent as JSON. */
export function send(url, { method = "POST", body = null, headers = {}, ...rest } = {}) {
  const form = body instanceof URLSearchParams || body instanceof FormData;
  return fetch(url, {
    method,
    credentials: "same-origin",
    body: body === null || form ? body : JSON.stringify(body),
    headers: {
      "X-CSRFToken": document.body.dataset.csrf,
      ...(body !== null && !form ? { "Content-Type": "application/json" } : {}),
      ...headers,
    },
    ...rest,
  });
}

/** The problem document of an answer, or {} where it is something else. */
export async function problem(response) {
  if (!(response.headers.get("Content-Type") ?? "").includes("json")) return {};
  return response.json().catch(() => ({}));
}

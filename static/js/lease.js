// The hold of a case: renewed each minute while the page is in use; one notice 2 minutes before
// its end, Keep or any key renews; when it is lost, every typed word stays.
// Markup: [data-lease=number][data-until=ISO][data-heartbeat=url], [data-lease-until];
//   template#lease-ending with [data-keep], template#lease-lost with [data-slot=holder|again].

import { localise } from "./clock.js";
import { announce, clear, show } from "./notice.js";
import { state } from "./offline.js";
import { every, on } from "./page.js";
import { now, problem, send } from "./server.js";

const BEAT = 60_000;
const WARNING = 120_000;
let lease;
let until = 0;
let lastAct = 0;
let lastBeat = 0;
let warned = false;
let gone = false;
let asking = null;

export function start() {
  lease = document.querySelector("[data-lease]");
  if (!lease) return;
  until = Date.parse(lease.dataset.until);
  lastBeat = now();
  lastAct = 0;
  warned = false;
  gone = false;
  asking = null;
  for (const act of ["keydown", "pointerdown", "input", "wheel", "touchmove"]) {
    on(document, act, acted, { passive: true, capture: true });
  }
  on(document, "click", (event) => { if (event.target.closest("[data-keep]")) beat(); });
  on(document, "countermark:lost", over);
  every(5_000, look);
  on(document, "visibilitychange", () => { if (!document.hidden) look(); });
  look();
}

function acted(event) {
  lastAct = now();
  // Any key, while the end is announced, is the answer to it.
  if (warned && event.type === "keydown") beat();
}

function look() {
  if (gone) return;
  const at = now();
  if (at >= until) { beat(); return; }
  const used = lastAct > lastBeat;
  if (used && at - lastBeat >= BEAT) beat();
  else if (!warned && until - at <= WARNING) warn();
}

function warn() {
  warned = true;
  show(document.getElementById("lease-ending").content.firstElementChild.cloneNode(true), { focus: false });
  announce("Your hold of this case ends in 2 minutes. Press any key to keep it.");
}

function beat() {
  const mine = asking ??= ask().finally(() => { if (asking === mine) asking = null; });
  return mine;
}

async function ask() {
  lastBeat = now();
  const mine = lease; // the next case may be here when the answer comes
  let answer;
  try {
    answer = await send(lease.dataset.heartbeat, { body: { lease: Number(lease.dataset.lease) } });
  } catch {
    state(false);
    return;
  }
  state(true);
  const body = answer.ok ? await answer.json() : await problem(answer);
  if (lease !== mine) return;
  if (answer.ok) renewed(body);
  else if ([404, 409].includes(answer.status)) lost(body);
}

function renewed(body) {
  const moment = body.lease?.until ?? body.until;
  if (!moment) return;
  until = Date.parse(moment);
  lease.dataset.until = moment;
  for (const time of document.querySelectorAll("[data-lease-until]")) time.dateTime = moment;
  localise(document);
  if (warned) {
    warned = false;
    if (document.querySelector("#notice [data-keep]")) clear();
    announce("You keep the case.");
  }
}

/** `held_by_other` and `lease_lost` name the holder where there is one. */
function lost({ holder, until: theirs }) {
  gone = true;
  const notice = document.getElementById("lease-lost").content.firstElementChild.cloneNode(true);
  const line = notice.querySelector("[data-slot=holder]");
  const name = typeof holder === "string" ? holder : holder?.name;
  if (name) {
    line.textContent = `${name} holds it now${theirs ? `, until ${clockTime(theirs)}` : ""}.`;
    line.hidden = false;
    notice.querySelector("[data-slot=again]")?.remove();
  }
  notice.querySelector("[data-slot=ended]").textContent = ` at ${clockTime(until)}`;
  const token = notice.querySelector("[name=csrfmiddlewaretoken]");
  if (token) token.value = document.body.dataset.csrf;
  show(notice);
  over();
}

/** The page stops claiming that the case is its reader's, and asks no more. */
function over() {
  gone = true;
  lease.textContent = "Not yours any more";
  const ended = document.querySelector("#notice [data-slot=ended]");
  if (ended && !ended.textContent.trim()) ended.textContent = ` at ${clockTime(Math.min(until, now()))}`;
}

function clockTime(moment) {
  const at = new Date(moment);
  return `${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}`;
}

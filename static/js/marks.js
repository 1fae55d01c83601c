// Marks: a number in the output and the same number in a source; 1 to 9, click and Enter go
// there and light both; [ and ] walk through the sources.
// Markup: a.ref[data-mark=n][data-side="output|source"][href="#…"], mark[data-mark-text=n],
//   details[data-source=n] around a source, [data-source-state] in its summary.

import { bind } from "./keys.js";
import { announce } from "./notice.js";
import { on } from "./page.js";

let visited = null;

export function start() {
  visited = null;
  if (!document.querySelector("[data-mark], [data-source]")) return;
  for (let n = 1; n <= 9; n += 1) bind(String(n), () => go(n));
  bind("]", () => source(1));
  bind("[", () => source(-1));
  on(document, "click", (event) => {
    const link = event.target.closest("a[data-mark]");
    if (!link) return;
    event.preventDefault();
    go(Number(link.dataset.mark), link.dataset.side === "source" ? "output" : "source");
  });
}

const find = (n, side) => document.querySelector(`a[data-mark="${n}"][data-side="${side}"]`);

/** Light mark n on both sides and bring the wanted side under the eyes; again n: the other side. */
function go(n, wanted) {
  const output = find(n, "output");
  const inSource = find(n, "source");
  if (!output && !inSource) return false;
  const here = document.activeElement?.closest("a[data-mark]");
  const side = wanted ?? (here?.dataset.mark === String(n) && here.dataset.side === "output" ? "source" : "output");
  light(n);
  for (const link of [output, inSource]) link?.closest("details")?.setAttribute("open", "");
  if (output && !output.offsetParent) document.querySelector("[data-view-choice=marked]")?.click();
  let target = side === "source" ? inSource ?? fallback(output) : output ?? inSource;
  const other = target === output ? inSource : output;
  target ??= output;
  other?.scrollIntoView({ block: "nearest" });
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "nearest" });
  announce(`Mark ${n}, ${target.dataset.side === "source" ? "in the source" : "in the output"}`);
}

/** A mark without a passage leads to the control that found it. */
function fallback(output) {
  const place = output && document.getElementById(output.hash.slice(1));
  const link = place?.querySelector("a") ?? place;
  if (place && link === place) place.tabIndex = -1;
  return link;
}

function light(n) {
  for (const lit of document.querySelectorAll(".lit")) lit.classList.remove("lit");
  for (const text of document.querySelectorAll(`[data-mark-text="${n}"]`)) text.classList.add("lit");
}

function source(by) {
  const all = [...document.querySelectorAll("details[data-source]")];
  if (!all.length) return false;
  const here = all.indexOf(document.activeElement?.closest("details[data-source]") ?? visited);
  visited = all[here < 0 ? (by > 0 ? 0 : all.length - 1) : (here + by + all.length) % all.length];
  visited.open = true;
  visited.querySelector("summary").focus();
}

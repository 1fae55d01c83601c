// The page that this tab shows. What a module hangs on the document, the window or the clock
// belongs to its page, and goes with it when the next page takes its place without a navigation:
// a reviewer at play waits for the words of the next case, not for the browser to begin anew.
// Fires on document: "countermark:page" when another page is there.

let life = new AbortController();
let answered = performance.timeOrigin + (performance.getEntriesByType("navigation")[0]?.responseStart ?? 0);
let shown = location.pathname + location.search;

// Back and forward read the other page from the server, as a navigation would.
window.addEventListener("popstate", () => { if (location.pathname + location.search !== shown) location.reload(); });

/** addEventListener until this page ends. */
export function on(target, type, act, options = {}) {
  target.addEventListener(type, act, { ...options, signal: life.signal });
}

/** Do something when this page ends. */
export function leaving(act) {
  life.signal.addEventListener("abort", act, { once: true });
}

/** setInterval until this page ends. */
export function every(ms, act) {
  const timer = setInterval(act, ms);
  leaving(() => clearInterval(timer));
  return timer;
}

/** When this page's answer began, in milliseconds of this device's clock. */
export const answeredAt = () => answered;

/** Put a fetched page in the place of this one. A page with other scripts or styles (another kind
 *  of page, or a newer release) is navigated to instead. */
export function take(html, url, began) {
  const next = new DOMParser().parseFromString(html, "text/html");
  const address = new URL(url);
  if (parts(next) !== parts(document)) {
    go(address);
    return;
  }
  life.abort();
  life = new AbortController();
  answered = began;
  document.title = next.title;
  Object.assign(document.documentElement.dataset, next.documentElement.dataset);
  document.body.replaceWith(document.adoptNode(next.body));
  window.scrollTo(0, 0);
  shown = address.pathname + address.search;
  if (address.href === location.href) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  document.dispatchEvent(new CustomEvent("countermark:page"));
}

/** Navigate, also where the address is the one shown. */
export function go(address) {
  if (address.href === location.href) location.reload();
  else location.assign(address);
}

const parts = (page) => [...page.head.querySelectorAll("script[src], link[rel=stylesheet]")]
  .map((part) => part.getAttribute("src") ?? part.getAttribute("href")).join(" ");

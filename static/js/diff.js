// A word diff, small and bounded: same ends are cut off first, the middle is compared by the
// longest common subsequence; a middle too large for that is shown as one change.

const LARGEST = 4_000_000;

/** [{op: "same"|"del"|"ins", text}] */
export function words(before, after) {
  const a = before.match(/\s+|[^\s]+/g) ?? [];
  const b = after.match(/\s+|[^\s]+/g) ?? [];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const pieces = [
    ...piece("same", a.slice(0, head)),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...piece("same", a.slice(a.length - tail)),
  ];
  return pieces;
}

const piece = (op, list) => (list.length ? [{ op, text: list.join("") }] : []);

function middle(a, b) {
  if (!a.length || !b.length || a.length * b.length > LARGEST) return [...piece("del", a), ...piece("ins", b)];
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      longest[i * width + j] = a[i] === b[j]
        ? longest[(i + 1) * width + j + 1] + 1
        : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  const pieces = [];
  const add = (op, text) => {
    const last = pieces.at(-1);
    if (last?.op === op) last.text += text;
    else pieces.push({ op, text });
  };
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { add("same", a[i]); i += 1; j += 1; }
    else if (j >= b.length || (i < a.length && longest[(i + 1) * width + j] >= longest[i * width + j + 1])) { add("del", a[i]); i += 1; }
    else { add("ins", b[j]); j += 1; }
  }
  return join(pieces);
}

/** A lone blank between two changes belongs to them: "a b" reads better than word by word. */
function join(pieces) {
  const out = [];
  for (let n = 0; n < pieces.length;) {
    let was = "";
    let now = "";
    let end = n;
    while (end < pieces.length && (pieces[end].op !== "same" || (/^\s+$/.test(pieces[end].text) && end > n && end + 1 < pieces.length))) {
      if (pieces[end].op !== "ins") was += pieces[end].text;
      if (pieces[end].op !== "del") now += pieces[end].text;
      end += 1;
    }
    if (end === n) { out.push(pieces[n]); n += 1; continue; }
    if (was) out.push({ op: "del", text: was });
    if (now) out.push({ op: "ins", text: now });
    n = end;
  }
  return out;
}

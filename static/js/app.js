// The script of every page. Each module looks for its own markup and rests where there is none;
// one that fails takes nothing else with it. All begin anew with each page that page.js puts here.

import { start as choose } from "./choose.js";
import { start as clock } from "./clock.js";
import { start as decide } from "./decide.js";
import { start as draft } from "./draft.js";
import { start as keys } from "./keys.js";
import { start as lease } from "./lease.js";
import { start as marks } from "./marks.js";
import { start as notice } from "./notice.js";
import { start as offline } from "./offline.js";
import { start as sensitive } from "./sensitive.js";
import { start as server } from "./server.js";
import { start as sources } from "./sources.js";
import { start as theme } from "./theme.js";
import { start as undo } from "./undo.js";
import { start as views } from "./views.js";

function begin() {
  for (const start of [server, decide, keys, notice, clock, theme, offline, sources, draft, lease, marks, choose, views, undo, sensitive]) {
    try {
      start();
    } catch (error) {
      console.error(error);
    }
  }
}

begin();
document.addEventListener("countermark:page", begin);

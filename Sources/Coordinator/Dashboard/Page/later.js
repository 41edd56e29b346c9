// What the first paint doesn't need: main.js loads it once the cluster is on the screen, or at once where the address asks
// for a part of it. Each module is a request, and browsers make six at a time.

import { address } from "./address.js";
import { prepareNodeTable, showNodeTable } from "./node-table.js";
import { Panel } from "./panel.js";
import { Past } from "./past.js";
import { preparePrefetches } from "./prefetches.js";
import { prepareRevisions } from "./revisions.js";
import { showVersion } from "./status.js";
import { prepareTheme } from "./theme-switch.js";

export class Later {
  /** @param showMap draws the heat map, or the table in its place */
  constructor(heatMap, showMap) {
    this.panel = new Panel();
    this.past = new Past();
    this.folded = [prepareRevisions(), preparePrefetches()];
    this.showNodeTable = showNodeTable;
    prepareNodeTable(showMap);
    prepareTheme(() => heatMap.recolour());
  }

  /** Asks for what is asked for after each answer of the overview. */
  load() {
    const { at } = address();
    this.panel.load();
    this.panel.refresh(at);
    this.past.load();
    showVersion();
    for (const load of this.folded) load();
  }
}

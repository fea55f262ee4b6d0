/*
 * What was asked and answered in this tab, kept while the tab is open, so that the way back from a
 * document leads to the same page. It never leaves the browser.
 */

const KEY = "pincite.visit.1";
const KEPT = 50;

/** @returns {{id: string, question: string, collection: string, response: object}[]} Newest first. */
export function recall() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

/** @param {{id: string, question: string, collection: string, response: object}[]} exchanges */
export function remember(exchanges) {
  const kept = exchanges
    .filter(({ response }) => response !== null)
    .slice(0, KEPT)
    .map(({ id, question, collection, response }) => ({ id, question, collection, response }));
  try {
    sessionStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Storage may be full or switched off: the page then forgets on reload, and works.
  }
}

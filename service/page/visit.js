/*
 * What was asked and answered in this tab, kept while the tab is open, so that the way back from a
 * document leads to the same page. It never leaves the browser.
 */

const KEY = "pincite.visit.1";
const LEAVING = "pincite.leaving";
const KEPT = 50;

/**
 * @typedef {{id: string, question: string, collection: string, asOf: string, response: object}} Asked
 */

/** @returns {Asked[]} Newest first. */
export function recall() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

/** @param {Asked[]} exchanges */
export function remember(exchanges) {
  const kept = exchanges
    .filter(({ response }) => response !== null)
    .slice(0, KEPT)
    .map(({ id, question, collection, asOf, response }) => ({
      id,
      question,
      collection,
      asOf,
      response,
    }));
  try {
    sessionStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Storage may be full or switched off: the page then forgets on reload, and works.
  }
}

/** Notes that a link leads from the questions to a document. */
export function noteLeaving() {
  try {
    sessionStorage.setItem(LEAVING, "1");
  } catch {
    // The document's way back then leads to a fresh page of questions.
  }
}

/** @returns {boolean} Whether the page before this one was that of the questions; says so once. */
export function takeLeaving() {
  try {
    const noted = sessionStorage.getItem(LEAVING) !== null;
    sessionStorage.removeItem(LEAVING);
    return noted;
  } catch {
    return false;
  }
}

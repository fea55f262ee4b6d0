import { element } from "./dom.js";

const LONG = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });

/**
 * @param {string | null} published ISO 8601 date.
 * @returns {HTMLElement} "13 January 2020", or "undated". What is no full date is shown as it is.
 */
export function dateElement(published) {
  if (!published) return element("span", { class: "undated" }, "undated");
  const day = /^\d{4}-\d{2}-\d{2}$/.test(published) ? new Date(`${published}T00:00:00Z`) : null;
  const readable = day && !Number.isNaN(day.getTime());
  return element("time", { datetime: published }, readable ? LONG.format(day) : published);
}

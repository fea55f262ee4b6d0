import { dateElement } from "./dates.js";
import { announce, button, element, webAddress } from "./dom.js";

/**
 * A quote in its sentence, with its document, its date and its exact place.
 *
 * @param {object} citation As in the response of `POST /v1/ask`.
 * @param {{marked?: boolean}} [options] Whether to mark the quote, as an answer is.
 * @returns {HTMLElement}
 */
export function citationElement(citation, { marked = true } = {}) {
  const quote = element(
    "blockquote",
    { dir: "auto" },
    citation.before ?? "",
    marked ? element("mark", {}, citation.cited_text) : citation.cited_text,
    citation.after ?? "",
  );
  const facts = element("p", { class: "facts" }, dateElement(citation.published_at));
  if (citation.document_title) {
    facts.append(element("bdi", { class: "document-id" }, citation.document_id));
  }
  if (citation.page_number !== null && citation.page_number !== undefined) {
    facts.append(element("span", {}, `page ${citation.page_number}`));
  }
  const { start_char_index: start, end_char_index: end } = citation;
  facts.append(element("span", { class: "place" }, placeText(start, end)));
  facts.append(copyButton(citationText(citation)));
  return element(
    "figure",
    { class: "citation" },
    quote,
    element("figcaption", {}, titleElement(citation), facts),
  );
}

/** @returns {string} “quote” — title, date, document_id [start–end] */
export function citationText(citation) {
  const source = [
    citation.document_title,
    citation.published_at ?? "undated",
    `${citation.document_id} [${citation.start_char_index}–${citation.end_char_index}]`,
  ];
  return `“${citation.cited_text}” — ${source.filter(Boolean).join(", ")}`;
}

/** @returns {string} "characters 2,822–2,829" */
export function placeText(start, end) {
  return `characters ${start.toLocaleString("en")}–${end.toLocaleString("en")}`;
}

/** A button that puts `text` on the clipboard and says whether it did. */
export function copyButton(text) {
  const label = "Copy citation";
  const node = button(label, async () => {
    const copied = await copy(text);
    node.textContent = copied ? "Copied" : "Copying failed";
    announce(copied ? "Citation copied." : "The browser did not let this page copy.");
    setTimeout(() => {
      node.textContent = label;
    }, 2000);
  });
  node.classList.add("copy");
  return node;
}

function titleElement(citation) {
  const title = element("bdi", {}, citation.document_title || citation.document_id);
  const address = webAddress(citation.url);
  // A quote is read in this service's own view; an address elsewhere would be no proof.
  if (address?.origin !== location.origin) return element("p", { class: "title" }, title);
  return element("p", { class: "title" }, element("a", { href: address.href }, title));
}

async function copy(text) {
  // On plain http beyond localhost browsers hide the clipboard; the old command still works there.
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  }
  const focused = document.activeElement;
  const field = element("textarea", { class: "visually-hidden", readonly: true });
  field.value = text;
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  focused?.focus({ preventScroll: true });
  return copied;
}

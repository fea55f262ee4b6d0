import { Problem, documentText, viewAddress } from "./api.js";
import { citationText, copyButton, placeText } from "./citations.js";
import { dateElement } from "./dates.js";
import { announce, button, element, webAddress } from "./dom.js";
import { codePointLength, utf16Indices } from "./offsets.js";
import { blocksOfPieces } from "./pieces.js";
import { problemElement, problemSentence } from "./problems.js";
import { takeLeaving } from "./visit.js";

const DATE_SOURCES = {
  request: "as given with it",
  sidecar: "from its sidecar file",
  front_matter: "from its front matter",
  html_metadata: "from the page’s metadata",
  dateline: "from its dateline",
};

const main = document.getElementById("document");
const query = new URLSearchParams(location.search);
const wanted = {
  collection: query.get("collection") ?? "default",
  documentId: query.get("document_id") ?? "",
  revision: query.get("revision"),
  // Absent, or the two ends of the quote; NaN for what is no number.
  place: query.has("start") || query.has("end") ? [end("start"), end("end")] : null,
};

function end(name) {
  return /^\d+$/.test(query.get(name) ?? "") ? Number(query.get(name)) : NaN;
}

async function open() {
  main.replaceChildren(element("p", { class: "hint" }, "Opening the document…"));
  if (wanted.documentId === "") {
    main.replaceChildren(
      heading("No document is named"),
      element("p", {}, "The address of this page must say which, as ?document_id=…"),
    );
    return;
  }
  try {
    show(await documentText(wanted.collection, wanted.documentId, wanted.revision));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    showProblem(error);
  }
}

function showProblem(problem) {
  const elsewhere = wanted.revision && problem.status === 404;
  main.replaceChildren(
    heading(wanted.documentId),
    problemElement(problem, open),
    elsewhere ? element("p", {}, currentLink("Open the current revision")) : "",
  );
  announce(problemSentence(problem));
}

function show(document) {
  const quote = quoteIn(document);
  const name = document.title || document.document_id;
  window.document.title = `${name} · Pincite`;
  const { node, mark } = textElement(document, quote.units);
  const notices = [revisionNotice(document), quote.fault ? noticeElement(quote.fault) : null];
  const legend =
    document.excluded.length > 0
      ? element("p", { class: "hint" }, "Dimmed text is page debris; it is not searched.")
      : null;
  const parts = [
    heading(name),
    factsElement(document),
    ...notices,
    mark ? quoteBar(document, mark, document.text.slice(...quote.units)) : null,
    legend,
    node,
  ];
  main.replaceChildren(...parts.filter((part) => part !== null));
  if (mark) goTo(mark);
  announce(notices.filter((notice) => notice !== null).map((notice) => notice.textContent).join(" "));
}

/**
 * The range to be marked, or why there is none. Rather no mark than one in the wrong place.
 *
 * @returns {{units: [number, number] | null, fault: string | null}} UTF-16 range.
 */
function quoteIn({ text, revision }) {
  if (wanted.place === null) return { units: null, fault: null };
  if (wanted.revision && revision !== wanted.revision) {
    const fault = "The server sent another revision than the one cited, so no quote is marked.";
    return { units: null, fault };
  }
  const [start, stop] = wanted.place;
  const [from, to] = utf16Indices(text, [start, stop]);
  if (from !== null && to !== null && from < to) return { units: [from, to], fault: null };
  const place = `${query.get("start") ?? "?"}–${query.get("end") ?? "?"}`;
  const length = codePointLength(text).toLocaleString("en");
  const fault =
    `The cited place, characters ${place}, does not exist in this text of ${length} characters, ` +
    "so no quote is marked.";
  return { units: null, fault };
}

function revisionNotice({ current }) {
  if (current) return null;
  const text = "This is the revision that was cited. The document has changed since. ";
  return noticeElement(text, currentLink("Open the current revision"));
}

function currentLink(label) {
  return element("a", { href: viewAddress(wanted.collection, wanted.documentId) }, label);
}

function noticeElement(...children) {
  return element("p", { class: "notice" }, ...children);
}

function heading(text) {
  return element("h1", { class: "document-title", dir: "auto", tabindex: -1 }, text);
}

function factsElement(document) {
  const facts = element("p", { class: "facts" });
  const from = document.published_at ? DATE_SOURCES[document.published_at_source] : undefined;
  facts.append(
    element("span", {}, dateElement(document.published_at), from ? `, ${from}` : ""),
  );
  facts.append(element("bdi", { class: "document-id" }, document.document_id));
  const source = webAddress(document.source_url);
  if (source) {
    const link = { href: source.href, rel: "noreferrer external" };
    facts.append(element("a", link, `Original at ${source.host}`));
  }
  const revision = document.revision.replace("sha256:", "").slice(0, 12);
  facts.append(element("span", { title: document.revision }, `revision ${revision}`));
  return facts;
}

function quoteBar(document, mark, citedText) {
  const [start, stop] = wanted.place;
  const citation = {
    cited_text: citedText,
    document_title: document.title,
    document_id: document.document_id,
    published_at: document.published_at,
    start_char_index: start,
    end_char_index: stop,
  };
  return element(
    "div",
    { class: "quote-bar" },
    element("span", { class: "place" }, `Quote at ${placeText(start, stop)}`),
    button("Go to the quote", () => goTo(mark)),
    copyButton(citationText(citation)),
  );
}

function textElement({ text, excluded }, quote) {
  const ends = utf16Indices(text, excluded.flat());
  const ranges = excluded
    .map((_, i) => [ends[2 * i], ends[2 * i + 1]])
    .filter(([from, to]) => from !== null && to !== null && from < to);
  let mark = null;
  const blocks = blocksOfPieces(text, quote, ranges).map((pieces) => {
    const block = element("div", { class: "block", dir: "auto" });
    for (const piece of pieces) {
      if (piece.kind === "plain") {
        block.append(piece.text);
      } else if (piece.kind === "excluded") {
        block.append(element("span", { class: "debris" }, piece.text));
      } else {
        const part = element("mark", { tabindex: -1 }, piece.text);
        mark ??= part;
        block.append(part);
      }
    }
    return block;
  });
  return { node: element("article", { class: "text", "aria-label": "Text" }, ...blocks), mark };
}

function goTo(mark) {
  mark.focus({ preventScroll: true });
  mark.scrollIntoView({ block: "center" });
  // Blocks above get their true height only now that they are near, which may move the quote.
  requestAnimationFrame(() => mark.scrollIntoView({ block: "center" }));
}

// The server's policy is to send no referrer, so the page of the questions leaves a note instead.
const [navigation] = performance.getEntriesByType("navigation");
if (navigation?.type === "navigate" && takeLeaving()) {
  history.replaceState({ fromQuestions: true }, "");
}

document.getElementById("back").addEventListener("click", (event) => {
  if (!history.state?.fromQuestions) return;
  // Back to the very page, with its answers and where it was scrolled to.
  event.preventDefault();
  history.back();
});

await open();

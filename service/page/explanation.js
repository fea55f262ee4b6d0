import { ask } from "./api.js";
import { element, webAddress } from "./dom.js";

const MOST = 8;

/**
 * Why a question was answered so: asked for again, with reasons, when it is first opened.
 *
 * @param {{question: string, collection: string, asOf: string}} asked
 * @returns {HTMLElement}
 */
export function whyElement({ question, collection, asOf }) {
  const body = element("div", { class: "why-body", "aria-live": "polite" });
  const node = element("details", { class: "why" }, element("summary", {}, "Why?"), body);
  let state = "closed";
  node.addEventListener("toggle", async () => {
    if (!node.open || state !== "closed") return;
    state = "asked";
    body.replaceChildren(element("p", { class: "hint" }, "Looking again…"));
    try {
      const { explanation } = await ask(question, collection, { asOf, explain: true });
      body.replaceChildren(...explanationElements(explanation));
    } catch (error) {
      // Closed and opened, it is asked again.
      state = "closed";
      body.replaceChildren(element("p", { class: "hint" }, `${error.message}. Try it again.`));
    }
  });
  return node;
}

function explanationElements(explanation) {
  const { texts, groups, rounds } = explanation;
  const told = [
    `${counted(texts.length, "passage")} read in ${counted(rounds, "round")}`,
    explanation.settled ? "more would hardly have changed the answer" : "all that was found",
  ];
  const elements = [element("p", { class: "hint" }, `${told.join("; ")}.`)];
  if (explanation.foreign) {
    elements.push(
      element("p", { class: "hint" }, "None of the question’s names stands in what was found."),
    );
  }
  if (groups.length > 0) {
    elements.push(
      table(
        "What may answer it",
        ["words", "probability", "sources", "why"],
        groups
          .slice(0, MOST)
          .map((group) => [
            element("bdi", {}, group.answer),
            percent(group.confidence),
            String(group.support),
            group.why,
          ]),
      ),
    );
  }
  if (texts.length > 0) {
    elements.push(
      table(
        "Passages read",
        ["passage", "similarity", "BM25", "found by"],
        texts
          .slice(0, MOST)
          .map((text) => [
            passageElement(text),
            text.similarity.toFixed(2),
            text.lexical.toFixed(1),
            text.found_by.join(" and "),
          ]),
      ),
    );
  }
  return elements;
}

function passageElement(text) {
  const label = element("bdi", {}, text.document_id);
  const address = webAddress(text.url);
  if (address?.origin !== location.origin) return label;
  return element("a", { href: address.href }, label);
}

function table(caption, names, rows) {
  const head = element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name)));
  const body = rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, cell))));
  return element(
    "div",
    { class: "table", tabindex: 0, role: "group", "aria-label": caption },
    element(
      "table",
      {},
      element("caption", {}, caption),
      element("thead", {}, head),
      element("tbody", {}, ...body),
    ),
  );
}

function counted(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function percent(share) {
  return `${Math.round(share * 100)}%`;
}

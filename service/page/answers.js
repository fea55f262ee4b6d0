import { citationElement } from "./citations.js";
import { element } from "./dom.js";
import { codePointLength } from "./offsets.js";

// A longer answer is read in its sentence, where it is marked; a headline would only repeat it.
const HEADLINE_CHARACTERS = 80;

/**
 * @param {object} response Of `POST /v1/ask`.
 * @returns {HTMLElement[]}
 */
export function answerElements(response) {
  if (response.status === "no_answer") return noAnswerElements(response);
  if (response.status === "differing") {
    return [
      element("p", { class: "verdict" }, "Sources differ"),
      element("p", { class: "hint" }, "These documents do not agree. Read each quote in its place."),
      element("ol", { class: "answers differing" }, ...response.answers.map(answerElement)),
    ];
  }
  const [best, ...others] = response.answers;
  const shown = [element("ol", { class: "answers" }, answerElement(best))];
  if (others.length > 0) {
    shown.push(
      element("h4", { class: "eyebrow" }, "Less likely"),
      element("ol", { class: "answers lesser", start: 2 }, ...others.map(answerElement)),
    );
  }
  return shown;
}

/** @returns {string} What the response says, in a sentence to be heard. */
export function answerSentence(response) {
  if (response.status === "no_answer") return "Not in these documents.";
  const told = ({ answer, citations: [citation] }) =>
    `${answer}, from ${citation.document_title || citation.document_id}`;
  if (response.status === "differing") {
    return `Sources differ. ${response.answers.map(told).join("; ")}.`;
  }
  return `Answer: ${told(response.answers[0])}.`;
}

function noAnswerElements(response) {
  const reason = response.no_answer?.reason;
  return [
    element("p", { class: "verdict none" }, "Not in these documents."),
    typeof reason === "string" && reason !== ""
      ? element("p", { class: "hint" }, `Reason: ${reason.replaceAll("_", " ")}`)
      : element("p", { class: "hint" }, "Other words may find it, if it is there."),
  ];
}

function answerElement(answer) {
  const facts = [];
  if (answer.support > 1) facts.push(`${answer.support} sources say so`);
  if (typeof answer.confidence === "number") {
    facts.push(`confidence ${Math.round(answer.confidence * 100)}%`);
  }
  if (typeof answer.relation === "string") facts.push(answer.relation.replaceAll("_", " "));
  const headline = codePointLength(answer.answer) <= HEADLINE_CHARACTERS;
  return element(
    "li",
    { class: "answer" },
    headline ? element("p", { class: "answer-text", dir: "auto" }, answer.answer) : null,
    facts.length > 0
      ? element("p", { class: "facts" }, ...facts.map((fact) => element("span", {}, fact)))
      : null,
    ...answer.citations.map(citationElement),
  );
}

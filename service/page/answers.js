import { citationElement } from "./citations.js";
import { element } from "./dom.js";
import { codePointLength } from "./offsets.js";

// A longer answer is read in its sentence, where it is marked; a headline would only repeat it.
const HEADLINE_CHARACTERS = 80;

const REASONS = {
  nothing_relevant: "Nothing in them is about it.",
  low_confidence: "Some of them are about it, but none answers it surely enough.",
};

/**
 * @param {object} response Of `POST /v1/ask`.
 * @returns {HTMLElement[]}
 */
export function answerElements(response) {
  if (response.status === "no_answer") return noAnswerElements(response);
  if (response.status === "differing") return differingElements(response.answers);
  const [best, ...others] = response.answers;
  return [element("ol", { class: "answers" }, answerElement(best)), ...otherElements(others, 2)];
}

/** Sides next to each other, in the order given: that of their dates, where these differ. */
function differingElements(answers) {
  const sides = answers.filter((answer) => answer.side);
  const others = answers.filter((answer) => !answer.side);
  return [
    element("p", { class: "verdict" }, "The documents differ"),
    element("p", { class: "hint" }, "They don’t agree. Read each quote in its place."),
    element("ol", { class: "answers differing" }, ...sides.map(answerElement)),
    ...otherElements(others, sides.length + 1),
  ];
}

function otherElements(others, start) {
  if (others.length === 0) return [];
  return [
    element("h4", { class: "eyebrow" }, "Other answers"),
    element("ol", { class: "answers lesser", start }, ...others.map(answerElement)),
  ];
}

/** @returns {string} What the response says, in a sentence to be heard. */
export function answerSentence(response) {
  if (response.status === "no_answer") return "Not in these documents.";
  const told = ({ answer, citations: [citation] }) =>
    `${answer}, from ${citation.document_title || citation.document_id}`;
  if (response.status === "differing") {
    return `The documents differ. ${response.answers.map(told).join("; ")}.`;
  }
  return `Answer: ${told(response.answers[0])}.`;
}

function noAnswerElements({ no_answer: told }) {
  const elements = [
    element("p", { class: "verdict none" }, "Not in these documents."),
    element(
      "p",
      { class: "hint" },
      REASONS[told?.reason] ?? "Other words may find it, if it is there.",
    ),
  ];
  const closest = Array.isArray(told?.closest) ? told.closest : [];
  if (closest.length > 0) {
    elements.push(
      element("h4", { class: "eyebrow" }, "Closest, but not an answer"),
      element(
        "ul",
        { class: "closest" },
        ...closest.map((citation) => element("li", {}, citationElement(citation, { marked: false }))),
      ),
    );
  }
  return elements;
}

function answerElement(answer) {
  const facts = [];
  if (answer.form === "evidence") facts.push("evidence, not the answer itself");
  if (answer.support > 1) facts.push(`${answer.support} independent sources say so`);
  if (typeof answer.relation === "string") facts.push(`the ${answer.relation} report`);
  if (typeof answer.confidence === "number") facts.push(confidenceElement(answer.confidence));
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

function confidenceElement(confidence) {
  const percent = `${Math.round(confidence * 100)}%`;
  return element(
    "span",
    { class: "confidence" },
    "confidence ",
    element("meter", { min: 0, max: 1, value: confidence, "aria-hidden": "true" }, percent),
    ` ${percent}`,
  );
}

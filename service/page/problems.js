import { button, element } from "./dom.js";

/**
 * @param {import("./api.js").Problem} problem
 * @param {(() => void) | null} retry Offered where trying again makes sense.
 * @returns {HTMLElement}
 */
export function problemElement(problem, retry) {
  const again = retry && problem.transient;
  return element(
    "div",
    { class: "problem" },
    element("p", { class: "problem-title" }, problem.title),
    problem.detail ? element("p", {}, problem.detail) : null,
    problem.remedy ? element("p", {}, problem.remedy) : null,
    again ? button("Try again", retry, "secondary") : null,
  );
}

/** @returns {string} The problem in one line, to be heard. */
export function problemSentence({ title, detail, remedy }) {
  return [`${title}.`, detail, remedy].filter(Boolean).join(" ");
}

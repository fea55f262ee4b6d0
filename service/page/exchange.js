import { Problem, ask } from "./api.js";
import { answerElements, answerSentence } from "./answers.js";
import { dateElement } from "./dates.js";
import { announce, button, element } from "./dom.js";
import { whyElement } from "./explanation.js";
import { problemElement, problemSentence } from "./problems.js";

/** A question, and what became of it: pending, answered, failed or cancelled. */
export class Exchange {
  #controller = null;
  #outcome = element("div", { class: "outcome" });
  #changed;

  /**
   * @param {{id: string, question: string, collection: string, asOf?: string, response?: object}} asked
   *   `response` where it was answered before, in this visit.
   * @param {(exchange: Exchange) => void} changed Called when it is answered, fails or is cancelled.
   */
  constructor({ id, question, collection, asOf = "", response = null }, changed) {
    this.id = id;
    this.question = question;
    this.collection = collection;
    this.asOf = asOf;
    this.response = null;
    this.cancelled = false;
    this.#changed = changed;
    const headingId = `question-${id}`;
    this.heading = element(
      "h3",
      { id: headingId, class: "question", tabindex: -1, dir: "auto" },
      question,
    );
    this.node = element(
      "article",
      { class: "exchange", "aria-labelledby": headingId },
      this.heading,
      this.#outcome,
    );
    if (response) this.#showResponse(response);
  }

  get pending() {
    return this.#controller !== null;
  }

  /** Asks the service, anew if it was asked before. Resolves when the outcome is shown. */
  async ask() {
    this.#controller?.abort();
    const controller = new AbortController();
    this.#controller = controller;
    this.response = null;
    this.cancelled = false;
    this.#showPending();
    announce("Looking in the documents…");
    try {
      const response = await ask(this.question, this.collection, {
        asOf: this.asOf,
        signal: controller.signal,
      });
      if (this.#controller !== controller) return;
      this.#controller = null;
      this.#showResponse(response);
      announce(answerSentence(response));
    } catch (error) {
      if (this.#controller !== controller) return;
      this.#controller = null;
      const problem = error instanceof Problem ? error : notShown(error);
      this.#replace(problemElement(problem, () => this.#askAgain()));
      announce(problemSentence(problem));
    }
    this.#changed(this);
  }

  /** Stops waiting for the answer, if one is awaited. */
  cancel() {
    if (!this.pending) return;
    const controller = this.#controller;
    this.#controller = null;
    controller.abort();
    this.cancelled = true;
    this.#replace(
      element(
        "div",
        { class: "cancelled" },
        element("p", { class: "hint" }, "Cancelled."),
        button("Ask again", () => this.#askAgain(), "secondary"),
      ),
    );
    announce("Cancelled.");
    this.#changed(this);
  }

  /** Brings it into view and moves the focus to its question. */
  reveal() {
    this.heading.focus({ preventScroll: true });
    this.node.scrollIntoView({ block: "nearest" });
  }

  #askAgain() {
    // The button that was pressed goes away; the focus must not go with it.
    this.heading.focus();
    this.ask();
  }

  #showPending() {
    this.#replace(
      element(
        "div",
        { class: "pending" },
        element("p", {}, "Looking in the documents…"),
        element("span", { class: "sweep", "aria-hidden": "true" }),
        button("Cancel", () => this.cancel(), "secondary"),
        element("span", { class: "hint keys" }, "or press ", element("kbd", {}, "Esc")),
      ),
    );
  }

  #showResponse(response) {
    const elements = answerElements(response);
    if (this.asOf) {
      elements.unshift(element("p", { class: "hint" }, "As of ", dateElement(this.asOf), "."));
    }
    elements.push(whyElement(this));
    const total = response.timings_ms?.total;
    if (typeof total === "number") {
      elements.push(element("p", { class: "timing" }, `${(total / 1000).toFixed(2)} s`));
    }
    this.#replace(...elements);
    this.response = response;
  }

  #replace(...children) {
    this.#outcome.replaceChildren(...children);
    this.node.toggleAttribute("aria-busy", false);
    if (this.pending) this.node.setAttribute("aria-busy", "true");
  }
}

/** Nobody is left waiting for an answer because this page has a fault. */
function notShown(error) {
  reportError(error);
  return new Problem({
    title: "The answer can’t be shown",
    detail: `This page met an error: ${error.message}.`,
    remedy: "Reload the page; if that does not help, tell whoever runs this service.",
    status: 500,
  });
}

import { Problem, documents, viewAddress } from "./api.js";
import { dateElement } from "./dates.js";
import { button, element } from "./dom.js";
import { problemElement } from "./problems.js";

const body = document.getElementById("documents-body");
const total = document.getElementById("documents-total");
let latest = 0;

/** Lists what the collection holds, so that people know what they can ask about. */
export async function showDocuments(collection) {
  latest += 1;
  const turn = latest;
  total.textContent = "";
  body.replaceChildren(element("p", { class: "hint" }, "Opening the list…"));
  try {
    const page = await documents(collection, null);
    // Another collection was chosen meanwhile.
    if (turn !== latest) return;
    if (page.documents.length === 0) {
      showEmpty();
      return;
    }
    total.textContent = page.total.toLocaleString("en");
    const list = element("ul", { class: "shelf" });
    body.replaceChildren(list);
    append(list, page, collection);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (turn === latest) showProblem(error, collection);
  }
}

/** Says that there is nothing to ask about yet, and what to do about it. */
export function showEmpty() {
  total.textContent = "0";
  body.replaceChildren(
    element("p", {}, "No documents yet."),
    element("p", { class: "hint" }, "Put some in, then reload this page:"),
    element("p", {}, element("code", { class: "command" }, "pincite index PATH")),
  );
}

function showProblem(problem, collection) {
  body.replaceChildren(problemElement(problem, () => showDocuments(collection)));
}

function append(list, page, collection) {
  const added = page.documents.map((document) => itemElement(document, collection));
  list.append(...added);
  if (page.next === null) return added;
  const turn = latest;
  const more = button("Show more", async () => {
    more.disabled = true;
    try {
      const following = await documents(collection, page.next);
      if (turn !== latest) return;
      more.remove();
      const [first] = append(list, following, collection);
      first?.querySelector("a").focus();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (turn === latest) more.replaceWith(problemElement(error, () => showDocuments(collection)));
    }
  }, "secondary");
  body.append(more);
  return added;
}

function itemElement({ document_id: id, title, published_at: published }, collection) {
  return element(
    "li",
    {},
    element("a", { href: viewAddress(collection, id) }, element("bdi", {}, title || id)),
    dateElement(published),
  );
}

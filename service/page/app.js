import { Problem, collections } from "./api.js";
import { element } from "./dom.js";
import { Exchange } from "./exchange.js";
import { codePointLength } from "./offsets.js";
import { showDocuments, showEmpty } from "./shelf.js";
import { noteLeaving, recall, remember } from "./visit.js";

const LIMIT = 1000;
const COUNT_FROM = 800;
const DEFAULT = "default";

const form = document.getElementById("ask");
const field = document.getElementById("question");
const count = document.getElementById("ask-count");
const limit = document.getElementById("ask-limit");
const asOf = document.getElementById("as-of");
const choice = document.getElementById("collection");
const introduction = document.getElementById("introduction");
const section = document.getElementById("history");
const list = document.getElementById("exchanges");

/** Newest first, as on the page. */
let exchanges = [];
let collection = DEFAULT;
/** The collection of an address that names none. */
let home = DEFAULT;

function add(exchange) {
  exchanges.unshift(exchange);
  list.prepend(exchange.node);
  section.hidden = false;
  introduction.hidden = true;
}

function changed(exchange) {
  remember(exchanges);
  if (exchange.cancelled && field.value === "") {
    field.value = exchange.question;
    showCount();
  }
  // The Cancel button has gone, and the focus with it.
  if (exchange.cancelled && document.activeElement === document.body) field.focus();
}

function start(question) {
  for (const exchange of exchanges) exchange.cancel();
  const id = `${Date.now().toString(36)}-${exchanges.length}`;
  const exchange = new Exchange({ id, question, collection, asOf: asOf.value }, changed);
  add(exchange);
  exchange.ask();
  return exchange;
}

function address(question) {
  const query = new URLSearchParams({ q: question });
  if (collection !== DEFAULT) query.set("collection", collection);
  if (asOf.value) query.set("as_of", asOf.value);
  return `/?${query}`;
}

function title(question) {
  document.title = question ? `${question} · Pincite` : "Pincite";
}

function submit() {
  const question = field.value.trim();
  if (question === "" || !showCount()) {
    field.focus();
    return;
  }
  field.value = "";
  showCount();
  const exchange = start(question);
  history.pushState({ exchange: exchange.id }, "", address(question));
  title(question);
  scrollTo({ top: 0 });
  // Takes the keyboard of a phone away, which would cover the answer.
  if (matchMedia("(pointer: coarse)").matches) exchange.heading.focus({ preventScroll: true });
  else field.focus();
}

/** @returns {boolean} Whether the question is short enough. */
function showCount() {
  const length = codePointLength(field.value.trim());
  const over = length > LIMIT;
  count.hidden = length < COUNT_FROM;
  count.textContent = `${length.toLocaleString("en")} / ${LIMIT.toLocaleString("en")}`;
  field.toggleAttribute("aria-invalid", false);
  if (over) field.setAttribute("aria-invalid", "true");
  if (limit.hidden === over) {
    limit.hidden = !over;
    limit.textContent = over
      ? `A question may have ${LIMIT.toLocaleString("en")} characters; please shorten it.`
      : "";
  }
  return !over;
}

/** Shows what the address asks for: after loading, and when people go back or forward. */
function follow({ anew }) {
  const question = new URLSearchParams(location.search).get("q")?.trim() ?? "";
  title(question);
  asOf.value = new URLSearchParams(location.search).get("as_of") ?? "";
  if (asOf.value) asOf.closest("details").open = true;
  if (question === "") {
    field.focus();
    return;
  }
  const known = exchanges.find(({ id }) => id === history.state?.exchange);
  if (known && (anew || !(known.response || known.pending))) known.ask();
  if (known) {
    known.reveal();
  } else if (codePointLength(question) > LIMIT) {
    field.value = question;
    showCount();
  } else {
    const exchange = start(question);
    history.replaceState({ exchange: exchange.id }, "");
  }
}

function choose(name) {
  if (name === collection) return;
  collection = name;
  choice.value = name;
  showDocuments(name);
}

async function showCollections() {
  const named = new URLSearchParams(location.search).get("collection");
  let known;
  try {
    known = await collections();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    collection = named ?? DEFAULT;
    showDocuments(collection);
    return;
  }
  const names = known.map(({ name }) => name);
  if (names.length > 0 && !names.includes(DEFAULT)) home = names[0];
  collection = named ?? home;
  choice.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
  choice.value = collection;
  document.getElementById("collection-choice").hidden = names.length < 2;
  if (names.length === 0 && named === null) showEmpty();
  else showDocuments(collection);
}

function restore() {
  const kept = recall().reverse();
  for (const asked of kept) {
    try {
      add(new Exchange(asked, changed));
    } catch {
      // Kept by another version of this page; it can be asked again.
    }
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});

field.addEventListener("input", showCount);

field.addEventListener("keydown", (event) => {
  // While an input method composes, Enter accepts its word.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing) return;
  for (const exchange of exchanges) exchange.cancel();
});

document.getElementById("clear").addEventListener("click", () => {
  for (const exchange of exchanges) exchange.cancel();
  exchanges = [];
  list.replaceChildren();
  section.hidden = true;
  introduction.hidden = false;
  remember(exchanges);
  history.replaceState(null, "", "/");
  title("");
  field.value = "";
  showCount();
  field.focus();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("a")?.pathname === "/view") noteLeaving();
});

choice.addEventListener("change", () => choose(choice.value));

addEventListener("popstate", () => {
  choose(new URLSearchParams(location.search).get("collection") ?? home);
  follow({ anew: false });
});

restore();
field.focus();
await showCollections();
const [navigation] = performance.getEntriesByType("navigation");
follow({ anew: navigation?.type === "reload" });

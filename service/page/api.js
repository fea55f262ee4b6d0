/** A failed request, told as RFC 9457 problem details whether or not the server could send any. */
export class Problem extends Error {
  /**
   * @param {{title: string, detail?: string, remedy?: string, status: number, code?: string}} told
   *   `status` is 0 where no answer came.
   */
  constructor({ title, detail = "", remedy = "", status, code = "" }) {
    super(title);
    this.title = title;
    this.detail = detail;
    this.remedy = remedy;
    this.status = status;
    this.code = code;
  }

  /** Whether the same request may well succeed a little later. */
  get transient() {
    return [0, 408, 429, 500, 502, 503, 504].includes(this.status);
  }
}

const STATUSES = ["answered", "differing", "no_answer"];

/**
 * @param {{asOf?: string, explain?: boolean, signal?: AbortSignal}} [options] `asOf`: an ISO date,
 *   after which nothing counts; `explain`: with the reasons.
 * @returns {Promise<object>} The response of `POST /v1/ask`.
 * @throws {Problem}
 * @throws {DOMException} AbortError, when `signal` aborts.
 */
export async function ask(question, collection, { asOf = "", explain = false, signal } = {}) {
  const asked = { question, collection, top_k: 3, max_passages: 20 };
  if (asOf) asked.as_of = asOf;
  if (explain) asked.explain = true;
  const response = await request("/v1/ask", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(asked),
    signal,
  });
  const cited = (answer) => Array.isArray(answer.citations) && answer.citations.length > 0;
  const whole =
    STATUSES.includes(response.status) &&
    Array.isArray(response.answers) &&
    (response.status === "no_answer" || response.answers.length > 0) &&
    response.answers.every(cited);
  if (!whole) throw unreadable(200);
  return response;
}

/** @returns {Promise<{name: string, documents: number}[]>} */
export async function collections() {
  const { collections: found } = await request("/v1/collections");
  if (!Array.isArray(found)) throw unreadable(200);
  return found;
}

/** @returns {Promise<{documents: object[], next: string | null, total: number}>} One page of them. */
export async function documents(collection, after) {
  const query = new URLSearchParams({ limit: "50" });
  if (after) query.set("after", after);
  const page = await request(`${collectionPath(collection)}/documents?${query}`);
  if (!Array.isArray(page.documents)) throw unreadable(200);
  return page;
}

/** @returns {Promise<object>} The text of a document; of its current revision where none is named. */
export async function documentText(collection, documentId, revision) {
  const path = documentId.split("/").map(encodeURIComponent).join("/");
  const query = revision ? `?${new URLSearchParams({ revision })}` : "";
  const document = await request(`${collectionPath(collection)}/documents/${path}/text${query}`);
  if (typeof document.text !== "string" || !Array.isArray(document.excluded)) throw unreadable(200);
  return document;
}

/** @returns {string} The page that shows a document's current revision. */
export function viewAddress(collection, documentId) {
  return `/view?${new URLSearchParams({ collection, document_id: documentId })}`;
}

function collectionPath(collection) {
  return `/v1/collections/${encodeURIComponent(collection)}`;
}

async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({
      title: "Pincite can’t be reached",
      detail: "The server did not answer.",
      remedy: "Check that it is running (pincite serve) and that you are connected, then try again.",
      status: 0,
    });
  }
  let body;
  try {
    body = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw unreadable(response.status);
  }
  if (response.ok) return body;
  if (typeof body?.title !== "string") throw unreadable(response.status);
  const told = (name) => (typeof body[name] === "string" ? body[name] : "");
  throw new Problem({
    title: body.title,
    detail: told("detail"),
    remedy: told("remedy"),
    code: told("code"),
    status: response.status,
  });
}

function unreadable(status) {
  return new Problem({
    title: "The server’s answer can’t be read",
    detail: `It came with HTTP status ${status}, and not in the form that this page knows.`,
    remedy: "Reload the page; if that does not help, tell whoever runs this service.",
    status: status === 200 ? 500 : status,
  });
}

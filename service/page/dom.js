/**
 * Makes an element; strings become text nodes, so no markup is ever parsed.
 *
 * @param {string} tag
 * @param {Record<string, string | number | boolean | null>} [attributes] `false` and `null` leave
 *   the attribute out, `true` sets it empty.
 * @param {...(Node | string | null)} children `null` is left out.
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/**
 * @param {string} label
 * @param {() => void} onClick
 * @param {string} [className]
 * @returns {HTMLElement}
 */
export function button(label, onClick, className = "quiet") {
  const node = element("button", { type: "button", class: className }, label);
  node.addEventListener("click", onClick);
  return node;
}

/** Tells people who listen to the page what people who look at it can see. */
export function announce(message) {
  document.getElementById("announcement").textContent = message;
}

/** An absolute or relative web address, or null for anything else (`javascript:`, `data:` …). */
export function webAddress(address) {
  if (typeof address !== "string" || address === "") return null;
  try {
    const url = new URL(address, location.origin);
    return url.protocol === "https:" || url.protocol === "http:" ? url : null;
  } catch {
    return null;
  }
}

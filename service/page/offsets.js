/*
 * The service counts in Unicode code points, JavaScript in UTF-16 code units: an emoji is one of
 * the first and two of the second.
 */

/**
 * Where code point offsets stand in a JavaScript string.
 *
 * @param {string} text
 * @param {number[]} offsets 0-based, in code points, in any order.
 * @returns {(number | null)[]} UTF-16 index of each; null for one that is negative, not an integer
 *   or past the end. One pass over the text, however many offsets there are.
 */
export function utf16Indices(text, offsets) {
  const indices = offsets.map(() => null);
  const ascending = [...offsets.keys()]
    .filter((i) => Number.isSafeInteger(offsets[i]) && offsets[i] >= 0)
    .sort((a, b) => offsets[a] - offsets[b]);
  let unit = 0;
  let point = 0;
  for (const i of ascending) {
    while (point < offsets[i] && unit < text.length) {
      unit += text.codePointAt(unit) > 0xffff ? 2 : 1;
      point += 1;
    }
    if (point === offsets[i]) indices[i] = unit;
  }
  return indices;
}

/** @returns {number} The length of a text in code points. */
export function codePointLength(text) {
  let length = 0;
  for (let unit = 0; unit < text.length; length += 1) {
    unit += text.codePointAt(unit) > 0xffff ? 2 : 1;
  }
  return length;
}

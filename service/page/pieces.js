/*
 * Cuts a document's text into blocks of pieces. The pieces, joined, are the text: nothing is added,
 * dropped or trimmed.
 */

// Blocks let the browser lay out only what is on the screen. They end at a line's end, so that the
// cut can't be seen; but a line longer than this is cut too, as browsers take minutes over a line
// of megabytes.
const BLOCK_UNITS = 4000;
const LINE_UNITS = 16000;

/**
 * @param {string} text
 * @param {[number, number] | null} quote UTF-16 range to be marked; one piece, unless it is longer
 *   than a block.
 * @param {[number, number][]} excluded UTF-16 ranges, in order, not overlapping.
 * @returns {{kind: "plain" | "excluded" | "quote", text: string}[][]} Blocks of pieces.
 */
export function blocksOfPieces(text, quote, excluded) {
  const ranges = excluded.map(([start, end]) => ({ kind: "excluded", start, end }));
  const kinds = quote ? withQuote(ranges, quote) : ranges;
  const blocks = [];
  let next = 0;
  for (const [from, to] of blockRanges(text, quote)) {
    const pieces = [];
    let at = from;
    while (at < to) {
      while (next < kinds.length && kinds[next].end <= at) next += 1;
      const range = kinds[next];
      const inside = range && range.start <= at;
      const end = Math.min(to, range ? (inside ? range.end : range.start) : to);
      pieces.push({ kind: inside ? range.kind : "plain", text: text.slice(at, end) });
      at = end;
    }
    blocks.push(pieces);
  }
  return blocks;
}

/** The quote takes the place of whatever it overlaps. */
function withQuote(ranges, [start, end]) {
  return [
    ...ranges.map((range) => ({ ...range, end: Math.min(range.end, start) })),
    { kind: "quote", start, end },
    ...ranges.map((range) => ({ ...range, start: Math.max(range.start, end) })),
  ].filter((range) => range.start < range.end);
}

function* blockRanges(text, quote) {
  const whole = quote && quote[1] - quote[0] <= BLOCK_UNITS ? quote : null;
  let from = 0;
  while (from < text.length) {
    let to = cutAfter(text, from + BLOCK_UNITS);
    if (whole && whole[0] < to && to < whole[1]) to = cutAfter(text, whole[1] - 1);
    yield [from, to];
    from = to;
  }
}

/** Where to cut, after `least`: behind a newline, else in an endless line behind a space, or hard. */
function cutAfter(text, least) {
  const most = least + LINE_UNITS;
  if (most >= text.length) return text.length;
  for (const character of ["\n", " "]) {
    // Looks no further than `most`, so that the whole text is read once and not once a block.
    const found = text.slice(least, most).indexOf(character);
    if (found !== -1) return least + found + 1;
  }
  const betweenSurrogates = text.codePointAt(most - 1) > 0xffff;
  return betweenSurrogates ? most + 1 : most;
}

/* Offsets between browser and server: the server counts code points of the stored text, the DOM
   counts UTF-16 units of text nodes. A section's body holds the stored text and nothing else, so
   counting from its data-start is exact. */

export function codePoints(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** The UTF-16 index of a code-point offset. */
export function unitsOf(text, points) {
  let units = 0;
  let left = points;
  for (const character of text) {
    if (left <= 0) break;
    units += character.length;
    left -= 1;
  }
  return units;
}

export function bodiesIn(root) {
  return [...root.querySelectorAll(".body[data-start]")];
}

function unitsBefore(body, node, offset) {
  const range = document.createRange();
  range.selectNodeContents(body);
  if (range.comparePoint(node, offset) < 0) return 0;
  if (range.comparePoint(node, offset) > 0) return body.textContent.length;
  range.setEnd(node, offset);
  return range.toString().length;
}

/** Grow to whole graphemes, so that no emoji or accent is cut, and drop outer blanks. */
export function tidy(text, from, to) {
  let [start, end] = [from, to];
  while (start < end && /\s/u.test(text[start])) start += 1;
  while (end > start && /\s/u.test(text[end - 1])) end -= 1;
  if (start >= end) return null;
  const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text);
  const last = graphemes.containing(end - 1);
  return [graphemes.containing(start).index, last.index + last.segment.length];
}

/** A DOM range as [start, end) in code points of the protocol's text; null when it holds no text. */
export function spanOf(range, root) {
  let span = null;
  for (const body of bodiesIn(root)) {
    if (!range.intersectsNode(body)) continue;
    const text = body.textContent;
    const from = unitsBefore(body, range.startContainer, range.startOffset);
    const to = unitsBefore(body, range.endContainer, range.endOffset);
    const kept = tidy(text, from, to);
    if (kept === null) continue;
    const base = Number(body.dataset.start);
    const [start, end] = kept.map((units) => base + codePoints(text.slice(0, units)));
    span = span === null ? [start, end] : [span[0], end];
  }
  return span;
}

/** The text of a span, with … where it crosses sections. */
export function quoteOf(span, root) {
  const parts = [];
  for (const body of bodiesIn(root)) {
    const [from, to] = within(body, span);
    if (from < to) parts.push(body.textContent.slice(from, to));
  }
  return parts.join(" … ");
}

/** The part of a span that lies in a body, in UTF-16 units of the body. */
export function within(body, [start, end]) {
  const base = Number(body.dataset.start);
  const text = body.textContent;
  return [unitsOf(text, start - base), unitsOf(text, end - base)];
}

/** The text nodes of a body that cover units [from, to), each with its own part. */
export function textPieces(body, from, to) {
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  const pieces = [];
  let at = 0;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const next = at + node.length;
    if (next > from && at < to) {
      pieces.push([node, Math.max(from - at, 0), Math.min(to, next) - at]);
    }
    at = next;
  }
  return pieces;
}

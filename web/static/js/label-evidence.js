/* The coder's own marks: spans in code points, painted as underlines over whatever else is marked. */

import { bodiesIn, quoteOf, spanOf, textPieces, within } from "./label-offsets.js";

const MOST = 50;

export class Evidence {
  constructor(say) {
    this.say = say;
    this.list = document.getElementById("marks-list");
    this.count = document.getElementById("marks-count");
    this.spans = [];
  }

  /** Take over a new card's text; its marks come with it. */
  open(root, spans) {
    this.root = root;
    this.spans = spans.map(([start, end]) => [start, end]);
    this.paint();
  }

  /** Mark the selected words, or take the mark away when they are marked already. */
  toggleSelection() {
    const selection = document.getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return false;
    const span = spanOf(selection.getRangeAt(0), this.root);
    if (span === null) return false;
    selection.removeAllRanges();
    const covering = this.spans.findIndex(([start, end]) => start <= span[0] && span[1] <= end);
    if (covering >= 0) this.remove(covering);
    else this.add(span);
    return true;
  }

  add([start, end]) {
    const apart = this.spans.filter((span) => span[1] < start || end < span[0]);
    if (apart.length >= MOST) {
      this.say(`More than ${MOST} passages cannot be marked: remove some.`);
      return;
    }
    const touching = this.spans.filter((span) => !apart.includes(span));
    const joined = [
      Math.min(start, ...touching.map((span) => span[0])),
      Math.max(end, ...touching.map((span) => span[1])),
    ];
    this.spans = [...apart, joined].sort((one, other) => one[0] - other[0]);
    this.paint();
    this.say(`Marked as evidence: ${quoteOf(joined, this.root)}`);
  }

  remove(index) {
    const [span] = this.spans.splice(index, 1);
    this.paint();
    this.say(`No longer evidence: ${quoteOf(span, this.root)}`);
  }

  paint() {
    for (const mark of this.root.querySelectorAll("mark.ev")) mark.replaceWith(...mark.childNodes);
    for (const body of bodiesIn(this.root)) {
      body.normalize();
      for (const span of this.spans) wrap(body, ...within(body, span), "ev");
    }
    this.paintList();
  }

  paintList() {
    this.count.textContent = `Evidence: ${this.spans.length || "none"}`;
    const rows = this.spans.map((span, index) => {
      const quote = quoteOf(span, this.root);
      const row = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "compact";
      button.textContent = "Remove";
      button.setAttribute("aria-label", `Remove the mark on: ${quote}`);
      button.addEventListener("click", () => this.remove(index));
      row.append(`“${quote}”`, button);
      return row;
    });
    this.list.replaceChildren(...rows);
  }
}

/** Put a mark of that class around the text between two offsets, whatever else is marked there. */
export function wrap(body, from, to, kind) {
  for (const [node, start, end] of textPieces(body, from, to)) {
    const piece = start > 0 ? node.splitText(start) : node;
    if (end - start < piece.length) piece.splitText(end - start);
    const mark = document.createElement("mark");
    mark.className = kind;
    piece.replaceWith(mark);
    mark.append(piece);
  }
}

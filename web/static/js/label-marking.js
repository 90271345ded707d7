/* Choosing words without a mouse: a selection that moves by word and by line through the text. */

import { bodiesIn, textPieces } from "./label-offsets.js";

const MOVES = { ArrowRight: 1, ArrowLeft: -1 };

export class Marking {
  constructor(evidence, onChange) {
    this.evidence = evidence;
    this.onChange = onChange;
    this.words = null;
  }

  get isOn() {
    return this.words !== null;
  }

  /** Begin at the first word in sight; false when there is none. */
  start(root) {
    const words = wordsIn(root);
    const top = Math.max(root.getBoundingClientRect().top, 0);
    const first = words.findIndex((word) => boxOf(word).top >= top);
    if (first < 0) return false;
    this.words = words;
    this.anchor = first;
    this.head = first;
    this.select();
    this.onChange(true);
    return true;
  }

  stop() {
    if (!this.isOn) return;
    this.words = null;
    document.getSelection().removeAllRanges();
    this.onChange(false);
  }

  /** True when the key belonged to choosing words. */
  handle(event) {
    if (event.key in MOVES) this.move(this.head + MOVES[event.key], event.shiftKey);
    else if (event.key === "ArrowDown") this.move(this.lineFrom(1), event.shiftKey);
    else if (event.key === "ArrowUp") this.move(this.lineFrom(-1), event.shiftKey);
    else if (event.key === "Escape") this.stop();
    else if (event.key === "Enter" || event.key === " ") this.mark();
    else return false;
    return true;
  }

  mark() {
    this.evidence.toggleSelection();
    this.stop();
  }

  move(to, grows) {
    this.head = Math.min(Math.max(to, 0), this.words.length - 1);
    if (!grows) this.anchor = this.head;
    this.select();
  }

  /** The word above or below: the next line's first that is not left of this one. */
  lineFrom(step) {
    const here = boxOf(this.words[this.head]);
    let best = this.head;
    let line = null;
    for (let at = this.head + step; at >= 0 && at < this.words.length; at += step) {
      const box = boxOf(this.words[at]);
      if (Math.abs(box.top - here.top) < 4) continue;
      if (line !== null && Math.abs(box.top - line) >= 4) break;
      line = box.top;
      best = at;
      if ((step > 0 && box.left >= here.left) || (step < 0 && box.left <= here.left)) break;
    }
    return best;
  }

  select() {
    const [low, high] = [this.anchor, this.head].sort((one, other) => one - other);
    const first = rangeOf(this.words[low]);
    const last = rangeOf(this.words[high]);
    const selection = document.getSelection();
    selection.setBaseAndExtent(
      first.startContainer, first.startOffset, last.endContainer, last.endOffset,
    );
    const at = rangeOf(this.words[this.head]).startContainer.parentElement;
    const box = boxOf(this.words[this.head]);
    const frame = at.closest("#reading").getBoundingClientRect();
    const bottom = Math.min(frame.bottom, window.innerHeight) - 80;
    if (box.bottom > bottom || box.top < Math.max(frame.top, 0)) {
      at.closest("#reading").scrollTop += box.top - frame.top - frame.height / 3;
    }
    this.evidence.say(selection.toString());
  }
}

function wordsIn(root) {
  const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });
  return bodiesIn(root).flatMap((body) =>
    [...segmenter.segment(body.textContent)]
      .filter((part) => part.isWordLike || /\p{Extended_Pictographic}/u.test(part.segment))
      .map((part) => [body, part.index, part.index + part.segment.length]),
  );
}

function rangeOf([body, from, to]) {
  const pieces = textPieces(body, from, to);
  const range = document.createRange();
  range.setStart(pieces[0][0], pieces[0][1]);
  range.setEnd(pieces.at(-1)[0], pieces.at(-1)[2]);
  return range;
}

function boxOf(word) {
  return rangeOf(word).getBoundingClientRect();
}

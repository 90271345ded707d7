/* What the coder says of the model's words: not evidence, or missed. Stored at once and apart from the
   answer; what stands is painted over the words and listed in a sheet of its own. */

import { wrap } from "./label-evidence.js";
import { bodiesIn, quoteOf, spanOf, within } from "./label-offsets.js";

const LISTED = 12;
const [NOT_EVIDENCE, MISSED, WITHDRAWN] = ["not_evidence", "missed", "withdrawn"];

export class Remarks {
  constructor(send, say) {
    this.send = send; // (remark) -> {status, body}
    this.say = say;
    this.sheet = document.getElementById("contest");
  }

  /** A card was opened: its words and what this coder said of them. */
  open(root) {
    this.root = root;
    this.standing = JSON.parse(root.dataset.remarks ?? "[]");
    this.paint();
  }

  get isOffered() {
    return this.root.dataset.suggestion !== undefined;
  }

  /** The key: of selected words at once, else the list. */
  async act() {
    if (!this.isOffered) return this.say("The model's words come after your answer.");
    const selection = document.getSelection();
    const chosen = selection.rangeCount && !selection.isCollapsed ? spanOf(selection.getRangeAt(0), this.root) : null;
    if (chosen === null) return this.sheet.togglePopover();
    selection.removeAllRanges();
    const hit = this.words().filter(([start, end]) => start < chosen[1] && end > chosen[0]);
    if (hit.length === 0) return this.store(chosen, MISSED);
    for (const span of hit) await this.store(span, NOT_EVIDENCE);
  }

  /** Each marked word that carries the level, the weightiest first. */
  words() {
    const places = new Map();
    for (const mark of this.root.querySelectorAll("mark[data-adds]")) {
      const [start, weight] = [Number(mark.dataset.at), Number(mark.dataset.weight)];
      if (weight <= 0) continue;
      const end = start + [...mark.textContent].length;
      const known = places.get(start);
      places.set(start, [start, known ? known[1] + (end - start) : end, weight]); // cut by other marks
    }
    return [...places.values()].sort((one, other) => other[2] - one[2]);
  }

  async store([start, end], remark) {
    const { protocol, suggestion } = this.root.dataset;
    const place = { protocol_id: Number(protocol), suggestion_id: Number(suggestion), start, end };
    const { status, body } = await this.send({ ...place, remark });
    if (status !== 200) return this.say(`Not stored: ${body?.error ?? "no connection"}`);
    this.standing = body.remarks;
    this.root.dataset.remarks = JSON.stringify(body.remarks);
    this.paint();
    const told = { [NOT_EVIDENCE]: "Not evidence", [MISSED]: "Missed by the model", [WITHDRAWN]: "Taken back" };
    this.say(`${told[remark]}: ${quoteOf([start, end], this.root)}`);
  }

  /* Painting */

  paint() {
    for (const mark of this.root.querySelectorAll("mark.missed, mark.contested")) mark.replaceWith(...mark.childNodes);
    for (const body of bodiesIn(this.root)) {
      body.normalize();
      for (const [start, end, remark] of this.standing) {
        wrap(body, ...within(body, [start, end]), remark === MISSED ? "missed" : "contested");
      }
    }
    this.paintList();
  }

  paintList() {
    const why = document.getElementById("contest-why");
    why.textContent = this.isOffered
      ? `Words that speak for ${this.root.dataset.model}, the weightiest first.`
      : "You see them once you have answered.";
    const contested = this.standing.filter(([, , remark]) => remark === NOT_EVIDENCE);
    const shown = this.isOffered ? this.words().slice(0, LISTED) : [];
    const others = contested.filter(([start]) => !shown.some((word) => word[0] === start));
    const rows = [
      ...[...shown, ...others].map(([start, end]) => this.row([start, end], NOT_EVIDENCE)),
      ...this.standing.filter(([, , remark]) => remark === MISSED).map(([start, end]) => this.row([start, end], MISSED)),
    ];
    document.getElementById("contest-list").replaceChildren(...rows);
  }

  row(span, remark) {
    const stands = this.standing.some(([start, end, what]) => start === span[0] && end === span[1] && what === remark);
    const quote = quoteOf(span, this.root);
    const name = remark === MISSED ? "Missed by the model" : "Not evidence";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "compact";
    button.textContent = name;
    button.setAttribute("aria-pressed", stands);
    button.setAttribute("aria-label", `${name}: ${quote}`);
    button.dataset.at = span[0];
    button.addEventListener("click", async () => {
      await this.store(span, stands ? WITHDRAWN : remark);
      this.sheet.querySelector(`[data-at="${span[0]}"]`)?.focus(); // the list was painted anew
    });
    const row = document.createElement("li");
    row.append(`“${quote}”`, button);
    return row;
  }
}

/* The parts of the page that belong to one protocol: replaced by id, all at once, when the server
   brings the next. What was marked or written and not yet sent is kept in memory, by protocol. */

import { Evidence } from "./label-evidence.js";
import { Highlights } from "./label-highlights.js";
import { Marking } from "./label-marking.js";
import { bodiesIn } from "./label-offsets.js";
import { Remarks } from "./label-remarks.js";

const PARTS = ["outline", "reading", "machine", "fields", "confidence", "note"];
const CONFIDENCE = ["unsure", "fairly sure", "sure"];
const LONGEST = 86_400;
const SETTLES = 150;

export class Card {
  constructor(frame, say, sendRemark) {
    this.frame = frame;
    this.say = say;
    this.drafts = new Map();
    this.evidence = new Evidence(say);
    this.marking = new Marking(this.evidence, (isOn) => this.tellMarking(isOn));
    this.highlights = new Highlights(frame, say);
    this.remarks = new Remarks(sendRemark, say);
  }

  get root() {
    return document.getElementById("reading");
  }

  get isEmpty() {
    return this.root.dataset.protocol === undefined;
  }

  get isReveal() {
    return this.root.dataset.stage === "reveal";
  }

  get protocolId() {
    return Number(this.root.dataset.protocol);
  }

  /** False for the blink of an eye after opening, while a press may still mean the card before. */
  get isSettled() {
    return this.frame.dataset.settled !== undefined;
  }

  /** The level this coder's answer stands at, or null. */
  get level() {
    return this.root.dataset.mine ? Number(this.root.dataset.mine) : null;
  }

  /** By how much an action changes the number of protocols this coder has answered. */
  countsFor(action) {
    if (action === "label") return this.level === null ? 1 : 0;
    if (action === "skip") return this.level === null ? 0 : -1;
    return document.getElementById("fields").dataset.undoes === "label" ? -1 : 0;
  }

  /* Opening */

  open() {
    this.openedAt = performance.now();
    delete this.frame.dataset.settled;
    clearTimeout(this.settling);
    this.settling = setTimeout(() => { this.frame.dataset.settled = ""; }, SETTLES);
    this.evidence.open(this.root, JSON.parse(this.root.dataset.evidence));
    this.restore();
    this.markRungs();
    this.watchSections();
    this.remarks.open(this.root);
    this.highlights.open(this.root);
    for (const radio of document.querySelectorAll("#confidence input")) {
      radio.addEventListener("click", () => this.clickConfidence(radio));
    }
    this.chosen = this.confidence();
    document.querySelector("[data-action=undo]").disabled = this.undoTarget() === null;
  }

  replace(html, stored) {
    const [before, wasAt] = [this.protocolId, this.root.scrollTop];
    this.remember();
    // What is stored has its draft on the server: should the protocol come back, it comes blank.
    if (stored.action !== "withdraw") this.drafts.delete(stored.protocol_id);
    const holder = document.createElement("template");
    holder.innerHTML = html; // our own templates, escaped by them
    for (const id of PARTS) document.getElementById(id).replaceWith(holder.content.getElementById(id));
    this.open();
    this.closeRubric();
    if (this.isReveal && this.protocolId === before) {
      this.root.scrollTop = wasAt;
      document.getElementById("keep").focus();
      this.say(document.getElementById("machine").innerText);
      return;
    }
    window.scrollTo(0, 0);
    this.focusText();
  }

  focusText() {
    document.getElementById("card-title").focus({ preventScroll: true });
  }

  /* What is being said of this protocol */

  target() {
    const fields = idsOf("answer");
    return fields && { protocol_id: fields.protocol_id, supersedes_id: fields.supersedes_id };
  }

  undoTarget() {
    const fields = idsOf("undo");
    return fields && { protocol_id: fields.protocol_id, supersedes_id: fields.supersedes_id };
  }

  draft() {
    const seconds = Math.min((performance.now() - this.openedAt) / 1000, LONGEST);
    return {
      confidence: this.confidence(),
      evidence: this.evidence.spans,
      note: document.getElementById("note").value.trim(),
      seconds: Math.round(seconds * 10) / 10,
    };
  }

  remember() {
    if (this.isEmpty) return;
    const { confidence, evidence, note } = this.draft();
    this.drafts.set(this.protocolId, { confidence, evidence, note });
  }

  restore() {
    const draft = this.drafts.get(this.protocolId);
    if (draft === undefined) return;
    this.evidence.open(this.root, draft.evidence);
    document.getElementById("note").value = draft.note;
    this.checkConfidence(draft.confidence);
  }

  /* Confidence */

  confidence() {
    const checked = document.querySelector("#confidence :checked");
    return checked ? Number(checked.value) : null;
  }

  checkConfidence(value) {
    for (const radio of document.querySelectorAll("#confidence input")) {
      radio.checked = Number(radio.value) === value;
    }
    this.chosen = value;
  }

  clickConfidence(radio) {
    // A second click on the same takes it back: confidence need not be given.
    if (this.chosen === Number(radio.value)) this.checkConfidence(null);
    else this.chosen = Number(radio.value);
  }

  setConfidence(digit) {
    if (digit === undefined) return false;
    this.checkConfidence(Number(digit));
    this.say(`Confidence: ${CONFIDENCE[Number(digit) - 1]}`);
    return true;
  }

  nextConfidence() {
    const next = (this.confidence() ?? 0) + 1;
    this.checkConfidence(next > CONFIDENCE.length ? null : next);
    this.say(next > CONFIDENCE.length ? "Confidence: not given" : `Confidence: ${CONFIDENCE[next - 1]}`);
  }

  /* Around the text */

  jump(letter) {
    const link = document.querySelector(`#outline [data-jump="${CSS.escape(letter)}"]`);
    if (link === null) return false;
    this.goTo(link.hash.slice(1));
    return true;
  }

  goTo(id) {
    const place = document.getElementById(id);
    const heading = place.closest("h2, h3") ?? place;
    heading.scrollIntoView({ block: "start" });
    heading.focus({ preventScroll: true });
  }

  closeRubric() {
    const open = this.frame.querySelector(".more[open]");
    open?.removeAttribute("open");
    return Boolean(open);
  }

  markRungs() {
    const { mine, model } = this.root.dataset;
    for (const rung of this.frame.querySelectorAll(".rung")) {
      rung.classList.toggle("mine", rung.dataset.level === mine);
      rung.classList.toggle("model", rung.dataset.level === model);
    }
  }

  /** The outline shows where one is reading. */
  watchSections() {
    this.watcher?.disconnect();
    const links = new Map([...document.querySelectorAll("#outline a")].map((link) => [link.hash.slice(1), link]));
    for (const link of links.values()) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        this.goTo(link.hash.slice(1));
      });
    }
    const inSight = new Set();
    this.watcher = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) inSight[isIntersecting ? "add" : "delete"](target);
      const first = bodiesIn(this.root).find((body) => inSight.has(body));
      for (const link of links.values()) link.removeAttribute("aria-current");
      if (first) links.get(`at-${first.dataset.start}`)?.setAttribute("aria-current", "true");
    }, { root: this.root, rootMargin: "-8% 0px -60% 0px" });
    for (const body of bodiesIn(this.root)) this.watcher.observe(body);
  }

  tellMarking(isOn) {
    const banner = document.getElementById("banner");
    banner.className = "banner";
    banner.hidden = !isOn;
    banner.textContent = isOn ? "Marking words: arrow keys move, Shift makes the choice grow, Enter marks it, Esc leaves." : "";
  }
}

function idsOf(form) {
  const { protocol_id: protocol, supersedes_id: over } = document.getElementById(form).elements;
  if (!protocol) return null;
  return { protocol_id: Number(protocol.value), supersedes_id: over.value ? Number(over.value) : null };
}

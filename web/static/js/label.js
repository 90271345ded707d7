/* The label page: one key chooses, saves and moves on. The server's reply brings the next card; until
   it is there the card on screen stays, and nothing on it is changed by anything but its reader. */

import { Card } from "./label-card.js";
import { Keys, isTyping, paintKeys } from "./label-keys.js";
import { Outbox } from "./label-outbox.js";
import { Sheets } from "./label-sheets.js";

const POLL = 20_000;

const frame = document.getElementById("label");
const banner = document.getElementById("banner");
const url = frame.dataset.url;
const keys = new Keys([...frame.querySelectorAll(".rung")].map((rung) => [rung.dataset.level, rung.querySelector("h3").textContent]));
const sheets = new Sheets(keys, () => paintKeys(keys, document));
const outbox = new Outbox({ url, slug: frame.dataset.slug, account: frame.dataset.account, onWaiting: showWaiting });
const card = new Card(frame, say, (remark) => outbox.post(`${url}/remarks`, remark));
let isBusy = false;
let lastLevel = null;
let jumping = false;
let wordsOf = frame.dataset.version;

const COMMANDS = {
  skip: () => sheets.toggle("skip"),
  rules: () => sheets.toggle("rules"),
  keys: () => sheets.toggle("keys"),
  undo,
  keep,
  evidence: markEvidence,
  note: () => document.getElementById("note").focus(),
  confidence: () => card.nextConfidence(),
  highlights: () => card.highlights.toggle(),
  contest: () => card.remarks.act(),
};

function say(text) {
  document.getElementById("say").textContent = text;
}

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(18))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/* Answers */

/** A level chosen by its key or button. */
function choose(level) {
  // The same once more, this soon after a new card, was meant for the one before.
  if (level !== lastLevel || card.isSettled) answer("label", { level });
}

async function answer(action, fields = {}) {
  if (isBusy) {
    say("The last answer is still being saved.");
    return;
  }
  const target = action === "withdraw" ? card.undoTarget() : card.target();
  if (target === null) {
    say(action === "withdraw" ? "There is nothing to take back." : "There is no protocol to answer.");
    return;
  }
  const said = action === "withdraw" ? {} : card.draft();
  const readBy = { rubric_version_id: Number(frame.dataset.rubric) };
  await submit({ ...target, ...readBy, action, level: null, ...said, ...fields, idempotency_key: newKey() });
}

async function submit(body) {
  isBusy = true;
  lastLevel = body.level;
  hideMessage();
  try {
    settle(body, await outbox.send(body));
  } finally {
    isBusy = false;
  }
}

function settle(body, { status, body: reply }) {
  if (status === 200) return saved(reply);
  if (status === 409 && reply.choice) return chooseVersion(body, reply);
  const refused = reply?.error ?? "The server refused the answer.";
  message(`Not saved: ${refused}`, "bad", { "Put it aside": () => outbox.strike(body.idempotency_key) });
}

function saved(reply) {
  const { saved: stored, card: html, model } = reply;
  const time = new Date(stored.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const what = { label: `level ${stored.level}`, skip: "skipped", withdraw: "taken back" }[stored.action];
  const line = document.createElement("span");
  line.className = "visually-hidden";
  line.textContent = `: ${what}`;
  document.getElementById("saved").replaceChildren(`Saved ${time}`, line);
  if (html === undefined) {
    // Stored by another page or tab: the card here stays, unless it is the one that was answered.
    if (stored.protocol_id === card.protocolId) location.assign(url);
    return;
  }
  if (html === null) {
    message("Saved. The next protocol could not be opened.", "", { "Try again": () => location.assign(url) });
    return;
  }
  const mine = document.getElementById("mine");
  mine.textContent = Number(mine.textContent) + card.countsFor(stored.action);
  card.replace(html, stored);
  history.replaceState(null, "", url); // a reload shows what is being read, not what was picked
  paintKeys(keys, frame);
  // The ladder beside the text says what it was opened with: another rubric takes a new page. What is
  // still to be kept or changed was read by the old one.
  if (hasOtherRubric(reply) && !card.isReveal) location.assign(url);
  else refreshWords(model);
}

function hasOtherRubric(reply) {
  return String(reply.rubric_version_id) !== frame.dataset.rubric;
}

function chooseVersion(body, reply) {
  const dialog = document.getElementById("stale");
  dialog.innerHTML = reply.choice; // our own template, escaped by it
  dialog.showModal();
  dialog.querySelector("h2").focus();
  const close = () => {
    dialog.close();
    outbox.strike(body.idempotency_key);
  };
  dialog.oncancel = (event) => event.preventDefault();
  dialog.querySelector("[data-choice=stored]").onclick = (event) => {
    event.preventDefault();
    close();
    location.assign(url);
  };
  dialog.querySelector("form").onsubmit = (event) => {
    event.preventDefault();
    close();
    submit({ ...body, supersedes_id: reply.stored.event_id, idempotency_key: newKey() });
  };
}

function keep() {
  const leave = document.getElementById("leave");
  if (leave) location.assign(leave.href);
  else if (document.getElementById("keep")) answer("label", { level: card.level });
}

async function undo() {
  await answer("withdraw");
}

/* Messages */

function message(text, kind = "", actions = {}) {
  const words = document.createElement("p");
  words.textContent = text;
  const buttons = Object.entries(actions).map(([name, act]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "compact";
    button.textContent = name;
    button.addEventListener("click", () => {
      hideMessage();
      act();
    });
    return button;
  });
  banner.className = `banner ${kind}`;
  banner.replaceChildren(words, ...buttons);
  banner.hidden = false;
}

function hideMessage() {
  banner.hidden = true;
  banner.replaceChildren();
}

function showWaiting(entry, why) {
  frame.classList.toggle("is-waiting", why !== null);
  if (why === null) {
    if (!banner.hidden && banner.dataset.waiting) hideMessage();
    delete banner.dataset.waiting;
    return;
  }
  if (banner.dataset.waiting === why) return; // announced once, not at each attempt
  const what = { label: `level ${entry.level}`, skip: "skipped", withdraw: "taken back" }[entry.action];
  message(why === "network" ? `Not saved yet – waiting for the network (${what}). You can go on reading.` : `Not saved yet – you have been signed out (${what}).`);
  if (why === "signed-out") {
    const link = Object.assign(document.createElement("a"), { href: "/sign-in", target: "_blank", className: "button compact", textContent: "Sign in in a new tab" });
    banner.append(link);
  }
  banner.dataset.waiting = why;
}

/* The model's words: the line tells of a new version at once, the words come with the next card */

function versionLine({ version, label_count: labels }, isNew) {
  const line = document.getElementById("version-line");
  line.textContent = `version ${version}, from ${labels ? `${labels} labels` : "the rubric alone, 0 labels"}`;
  line.title = isNew ? "New: its words come with the next protocol" : "The model whose words stand under each level";
}

async function refreshWords(model) {
  if (!model || String(model.version) === wordsOf) return;
  const reply = await outbox.ask(`${url}/words`);
  if (reply.status !== 200) return;
  wordsOf = String(model.version);
  for (const place of frame.querySelectorAll("[data-words]")) {
    place.textContent = (reply.body.levels[place.dataset.words] ?? []).join(" · ");
  }
  versionLine(model, false);
}

async function poll() {
  if (document.hidden) return;
  const { status, body } = await outbox.ask(`${url}/status`);
  if (status !== 200) return;
  if (body.version !== null && String(body.version) !== wordsOf) versionLine(body, true);
  if (hasOtherRubric(body)) document.getElementById("rubric-line").textContent = `rubric v${body.rubric} with the next protocol`;
  const stopped = document.getElementById("stopped");
  if (stopped.textContent !== (body.stopped ?? "")) stopped.textContent = body.stopped; // announced once
  for (const notice of document.querySelectorAll("[data-stopped]")) notice.hidden = !body.stopped;
}

/* Keys and clicks */

function markEvidence() {
  if (card.evidence.toggleSelection() || card.marking.start(card.root)) return;
  say("There is no text in sight to mark.");
}

function onKey(event) {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey) return;
  if (document.getElementById("stale").open || sheets.handle(event)) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") card.focusText();
    return;
  }
  if (card.marking.isOn && card.marking.handle(event)) event.preventDefault();
  else if (command(event)) event.preventDefault();
}

/** True when the key did something of ours. */
function command(event) {
  if (event.altKey) return card.setConfidence(/^Digit([1-3])$/.exec(event.code)?.[1]);
  if (jumping) {
    jumping = false;
    if (event.key.length === 1) return card.jump(event.key.toLowerCase());
  }
  if (event.key === "Escape") return card.closeRubric();
  if (event.key === "Enter") {
    if (event.target.closest("a, button, summary, input")) return event.target.matches("input");
    if (!event.repeat) keep();
    return true;
  }
  if (event.key === "g") {
    jumping = true;
    say("Go to section: press its letter.");
    return true;
  }
  const action = keys.actionOf(event);
  if (action === undefined) return false;
  if (!event.repeat) act(action);
  return true;
}

function act(action) {
  card.marking.stop();
  const level = /^level:(\d)$/.exec(action)?.[1];
  if (level !== undefined) choose(Number(level));
  else COMMANDS[action]();
}

function onSubmit(event) {
  const form = event.target.id;
  if (!["answer", "undo", "skip-form", "skip-other"].includes(form)) return;
  event.preventDefault();
  if (event.submitter?.id === "keep") keep();
  else if (form === "answer") choose(Number(event.submitter.value));
  else if (form === "undo") undo();
  else skip(event);
}

function skip(event) {
  const field = event.target.elements.reason;
  const reason = event.submitter?.name === "reason" ? event.submitter.value : field.value;
  document.getElementById("skip").hidePopover();
  answer("skip", { note: reason, confidence: null, evidence: [] });
  if (event.target.id === "skip-other") field.value = "";
}

async function resume() {
  for (const entry of outbox.left()) {
    isBusy = true;
    const reply = await outbox.resume(entry);
    isBusy = false;
    if (reply === null) continue; // another tab is at it
    if (reply.status === 200 && card.protocolId !== entry.protocol_id) delete reply.body.card;
    const { slug: _, ...body } = entry;
    settle(body, reply);
    if (reply.status === 200) message("The answer that waited in this browser is saved now. A note or marks that belonged to it were not kept here.");
  }
}

frame.classList.add("scripted");
paintKeys(keys, document);
card.open();
document.addEventListener("keydown", onKey);
document.addEventListener("submit", onSubmit);
for (const button of document.querySelectorAll("[data-action].script:not([popovertarget])")) {
  button.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the selection
  button.addEventListener("click", () => COMMANDS[button.dataset.action]());
}
setInterval(poll, POLL);
resume();

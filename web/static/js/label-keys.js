/* Which key does what: levels answer to their digits, the rest to a letter; each can be changed and
   the change is kept in this browser only. Keys are compared by what they type, so they stay true to
   their labels on every layout; only digits also answer by position, for layouts that shift them. */

import { storage } from "./label-storage.js";

const STORED = "cer.keys";
export const ACTIONS = {
  skip: "Skip, with a reason",
  undo: "Undo the last answer",
  keep: "Keep the answer after the model's",
  evidence: "Mark words as evidence",
  note: "Write a note",
  confidence: "Confidence, next step",
  highlights: "Highlights off and on",
  contest: "Contest the model's words, or add one",
  rules: "Decision rules",
  keys: "This list of keys",
};
const DEFAULTS = {
  skip: "s", undo: "u", keep: "k", evidence: "e", note: "n", confidence: "c", highlights: "h",
  contest: "x",
  rules: "r", keys: "?",
};
const RESERVED = ["g", "Enter", "Escape", "Tab", " "];

export class Keys {
  constructor(levels) {
    this.names = { ...Object.fromEntries(levels.map(([digit, name]) => [`level:${digit}`, name])), ...ACTIONS };
    const digits = Object.fromEntries(levels.map(([digit]) => [`level:${digit}`, digit]));
    this.defaults = { ...digits, ...DEFAULTS };
    this.reset(readStored());
  }

  reset(changes = {}) {
    this.bound = { ...this.defaults };
    for (const [action, key] of Object.entries(changes)) {
      if (action in this.bound && typeof key === "string") this.bound[action] = key;
    }
  }

  /** The action of a key press, if it has one. */
  actionOf(event) {
    const typed = this.actionFor(event.key);
    if (typed !== undefined) return typed;
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1];
    return digit === undefined ? undefined : this.actionFor(digit);
  }

  actionFor(key) {
    const wanted = plain(key);
    return Object.keys(this.bound).find((action) => this.bound[action] === wanted);
  }

  /** Bind a key; what stands in the way is told, and null means done. */
  bind(action, key) {
    const wanted = plain(key);
    if (wanted.length !== 1 || RESERVED.includes(wanted)) return `${shown(key)} cannot be used: take a letter, digit or sign.`;
    const holder = this.actionFor(wanted);
    if (holder !== undefined && holder !== action) return `${shown(key)} is taken by “${this.names[holder]}”: change that first.`;
    this.bound[action] = wanted;
    this.store();
    return null;
  }

  forget() {
    this.reset();
    this.store();
  }

  store() {
    const changes = Object.entries(this.bound).filter(([action, key]) => this.defaults[action] !== key);
    if (changes.length) storage.write(STORED, JSON.stringify(Object.fromEntries(changes)));
    else storage.remove(STORED);
  }

  label(action) {
    return shown(this.bound[action]);
  }
}

/** Write the keys in force onto the page's buttons and hints. */
export function paintKeys(keys, root) {
  for (const hint of root.querySelectorAll("[data-key-for]")) {
    const action = hint.dataset.keyFor;
    hint.textContent = action === "keep" && hint.closest("#keep, #leave") ? `⏎ ${keys.label("keep")}` : keys.label(action);
  }
  for (const button of root.querySelectorAll("[data-action][aria-keyshortcuts]")) {
    button.setAttribute("aria-keyshortcuts", keys.bound[button.dataset.action]);
  }
  for (const rung of root.querySelectorAll(".rung")) {
    const action = `level:${rung.dataset.level}`;
    const button = rung.querySelector(".digit");
    button.setAttribute("aria-keyshortcuts", keys.bound[action]);
    button.querySelector(".key-other")?.remove();
    if (keys.bound[action] === keys.defaults[action]) continue;
    const other = document.createElement("kbd");
    other.className = "key-other";
    other.textContent = keys.label(action);
    button.append(other);
  }
}

/** True while a field takes what is typed. */
export function isTyping(element) {
  if (!(element instanceof HTMLElement)) return false;
  if (element.isContentEditable || element.matches("textarea, select")) return true;
  return element.matches("input:not([type=radio], [type=checkbox], [type=button], [type=submit])");
}

function plain(key) {
  return key.length === 1 ? key.toLowerCase() : key;
}

function shown(key) {
  return key.length === 1 ? key.toUpperCase() : key;
}

function readStored() {
  try {
    return JSON.parse(storage.read(STORED) ?? "{}") ?? {};
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    storage.remove(STORED); // not ours, or damaged: the keys are as they were
    return {};
  }
}

/* What opens over the page: while a sheet is open, keys are its own. */

import { ACTIONS } from "./label-keys.js";

export class Sheets {
  constructor(keys, repaint) {
    this.keys = keys;
    this.repaint = repaint;
    this.changing = null;
    this.list = document.getElementById("key-list");
    this.message = document.getElementById("keys-message");
    document.getElementById("keys-reset").addEventListener("click", () => {
      this.keys.forget();
      this.finish();
    });
    for (const sheet of document.querySelectorAll("[popover]")) {
      sheet.addEventListener("toggle", (event) => this.toggled(sheet, event.newState === "open"));
    }
    this.paint();
  }

  get open() {
    return document.querySelector("[popover]:popover-open");
  }

  toggle(id) {
    document.getElementById(id).togglePopover();
  }

  toggled(sheet, isOpen) {
    if (isOpen) sheet.querySelector("h2").focus();
    else this.finish();
  }

  /** True when a sheet is open: then no key reaches the page below. */
  handle(event) {
    const sheet = this.open;
    if (sheet === null) return false;
    if (this.changing !== null) {
      event.preventDefault();
      this.change(event.key);
    } else if (event.target.matches("input")) {
      return true;
    } else if (sheet.id === "skip") {
      this.pickReason(sheet, event);
    } else if (this.keys.actionOf(event) === sheet.id) {
      event.preventDefault();
      sheet.hidePopover();
    }
    return true;
  }

  pickReason(sheet, event) {
    const reason = [...sheet.querySelectorAll(".reasons button")][Number(event.key) - 1];
    if (reason === undefined || event.repeat || event.altKey) return;
    event.preventDefault();
    reason.click();
  }

  change(key) {
    if (["Shift", "Control", "Alt", "AltGraph", "Meta"].includes(key)) return;
    if (key === "Escape") {
      this.finish();
      return;
    }
    const fault = this.keys.bind(this.changing, key);
    if (fault === null) this.finish();
    else this.message.textContent = fault;
  }

  finish() {
    const action = this.changing;
    this.changing = null;
    this.message.textContent = "";
    this.paint();
    this.repaint();
    if (action !== null && this.open) this.list.querySelector(`[data-change="${action}"]`).focus();
  }

  paint() {
    const rows = Object.entries(this.keys.names).map(([action, name]) => {
      const row = document.createElement("li");
      const words = document.createElement("span");
      const button = document.createElement("button");
      words.textContent = action in ACTIONS ? name : `${action.slice(6)} ${name}`;
      button.type = "button";
      button.dataset.change = action;
      button.textContent = this.keys.label(action);
      button.setAttribute("aria-label", `Change the key of: ${words.textContent}. Now ${button.textContent}`);
      button.addEventListener("click", () => this.ask(action, button));
      row.append(words, button);
      return row;
    });
    this.list.replaceChildren(...rows);
  }

  ask(action, button) {
    this.changing = action;
    button.textContent = "press…";
    button.setAttribute("aria-pressed", "true");
    this.message.textContent = "Press the new key, or Esc to leave it.";
  }
}

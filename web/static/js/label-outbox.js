/* An answer is written down here before it is sent and struck out only when the server has spoken.
   What is written down is ids, level and key: never text, note or evidence, which stay in memory and
   are lost with the page. The account is part of the name, so that nobody sends another's answer. */

import { storage } from "./label-storage.js";

const TIMEOUT = 15_000;
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;
const KEPT = ["protocol_id", "level", "action", "supersedes_id", "idempotency_key", "slug"];

export class Outbox {
  constructor({ url, slug, account, onWaiting }) {
    this.url = url;
    this.slug = slug;
    this.account = account;
    this.onWaiting = onWaiting; // (entry, "network" | "signed-out" | null)
    this.prefix = `cer.waiting.${account}.${slug}.`;
    this.token = document.querySelector("meta[name=csrf-token]").content;
  }

  /** Send an answer until the server has accepted or refused it: {status, body}. */
  send(answer) {
    this.keep(answer);
    return this.alone(answer, {}, () => this.settle(answer));
  }

  async settle(answer) {
    const reply = await this.deliver(answer);
    // Another tab may have sent what was written down of it: that is stored, then, and counts.
    const stored = reply.status === 422 ? await this.isStored(answer) : null;
    if (reply.status !== 200 && stored === null) return reply;
    for (const entry of this.left()) {
      // With it go earlier answers to the same protocol that the server had refused.
      if (entry.protocol_id === answer.protocol_id) this.strike(entry.idempotency_key);
    }
    return stored === null ? reply : { status: 200, body: { saved: stored } };
  }

  /** What an earlier page left unsent. */
  left() {
    const names = storage.names.filter((name) => name.startsWith(this.prefix));
    return names.map((name) => JSON.parse(storage.read(name)));
  }

  /** Finish an answer of an earlier page: ask whether it arrived, and only else send it again. */
  resume(entry) {
    const { slug: _, ...answer } = entry;
    return this.alone(answer, { ifAvailable: true }, async () => {
      const stored = await this.isStored(answer);
      if (stored === null) return this.settle(answer);
      this.strike(answer.idempotency_key);
      return { status: 200, body: { saved: stored } };
    });
  }

  /** One tab at a time sends an answer; browsers give locks to safe origins only. */
  alone({ idempotency_key: key }, options, work) {
    if (!navigator.locks) return work();
    return navigator.locks.request(this.prefix + key, options, (lock) => (lock ? work() : null));
  }

  keep(answer) {
    const entry = Object.fromEntries(KEPT.map((name) => [name, answer[name] ?? null]));
    storage.write(this.prefix + answer.idempotency_key, JSON.stringify({ ...entry, slug: this.slug }));
  }

  strike(key) {
    storage.remove(this.prefix + key);
  }

  async isStored(answer) {
    const path = `${this.url}/answers/${encodeURIComponent(answer.idempotency_key)}`;
    const reply = await this.persist(answer, () => this.ask(path));
    return reply.status === 200 && reply.body.stored ? reply.body.saved : null;
  }

  async deliver(answer) {
    const post = () => this.ask(this.url, { method: "POST", body: JSON.stringify(answer) });
    const reply = await this.persist(answer, post);
    // An old form token is no fault of the answer's: fetch a new one and try once more.
    if (reply.status === 400 && (await this.refresh())) return this.persist(answer, post);
    return reply;
  }

  /** Post what is no answer, once: a failure is told, and nothing is kept of it. */
  async post(path, body) {
    const post = () => this.ask(path, { method: "POST", body: JSON.stringify(body) });
    const reply = await post();
    return reply.status === 400 && (await this.refresh()) ? post() : reply;
  }

  /** Repeat until there is an answer that is one; the same key makes repeating harmless. */
  async persist(answer, attempt) {
    for (let wait = FIRST_WAIT; ; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      const reply = await attempt();
      const why = reasonToWait(reply);
      this.onWaiting(answer, why);
      if (why === null) return reply;
      await pause(wait);
      if (why === "signed-out") await this.refresh();
    }
  }

  async ask(path, options = {}) {
    const headers = { Accept: "application/json", "X-CSRFToken": this.token };
    if (options.body) headers["Content-Type"] = "application/json";
    try {
      const response = await fetch(path, { ...options, headers, signal: AbortSignal.timeout(TIMEOUT) });
      return { status: response.status, body: await response.json() };
    } catch (error) {
      // No connection, none in time, or a reply cut short: all mean that nobody knows yet.
      if (["TypeError", "TimeoutError", "AbortError", "SyntaxError"].includes(error.name)) return { status: 0, body: null };
      throw error;
    }
  }

  /** Take the form token of a fresh page, if the same person is still or again signed in. */
  async refresh() {
    let text;
    try {
      const response = await fetch(this.url, { headers: { Accept: "text/html" } });
      text = await response.text();
    } catch (error) {
      if (error.name !== "TypeError") throw error;
      return false; // no network either
    }
    const page = new DOMParser().parseFromString(text, "text/html");
    if (page.querySelector("#label")?.dataset.account !== this.account) return false;
    this.token = page.querySelector("meta[name=csrf-token]").content;
    for (const field of document.querySelectorAll("input[name=csrf_token]")) field.value = this.token;
    return true;
  }
}

function reasonToWait({ status }) {
  if (status === 401) return "signed-out";
  return status === 0 || status >= 500 || [408, 425, 429].includes(status) ? "network" : null;
}

/** Some time, or until there is reason to think that it works again. */
function pause(milliseconds) {
  return new Promise((resolve) => {
    const signals = ["online", "focus"];
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      for (const name of signals) window.removeEventListener(name, done);
      resolve();
    }
    for (const name of signals) window.addEventListener(name, done);
  });
}

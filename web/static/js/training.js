/* Keys for the practice page's own buttons: a digit answers, Enter goes on. Each answers once. */

import { isTyping } from "./label-keys.js";

const form = document.getElementById("practice");
const next = document.getElementById("next");
const began = performance.now();
let sent = false;

form?.addEventListener("submit", (event) => {
  if (sent) return event.preventDefault();
  sent = true;
  form.elements.seconds.value = ((performance.now() - began) / 1000).toFixed(1);
  return undefined;
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTyping(event.target)) return;
  if (event.key === "Enter" && next && !event.target.closest("a, button, summary")) return next.click();
  if (!form || !/^\d$/.test(event.key)) return;
  form.querySelector(`button.digit[value="${event.key}"]`)?.click();
});

document.body.dataset.settled = "yes"; // takes every key from now on

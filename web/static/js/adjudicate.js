/* Keys for what the page's own controls do: they choose and press them, so that nothing is decided
   here. A quote leads to its place in the text. */

import { isTyping } from "./label-keys.js";

const form = document.getElementById("ruling");
const PRESSED = { d: "button[value=decide]", b: "button[value=send_back]" };

function choose(control) {
  control.checked = true;
  control.focus();
}

function act(key) {
  const radio = form.querySelector(`input[name=level][value="${CSS.escape(key)}"], input[data-key="${CSS.escape(key)}"]`);
  if (radio) return choose(radio);
  if (key in PRESSED) return form.querySelector(PRESSED[key])?.click();
  if (key === "n") return document.getElementById("note")?.focus();
  if (key === "j") return document.getElementById("next").click();
  return null;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const key = event.key.toLowerCase();
  if (!/^[a-z0-9]$/.test(key)) return;
  event.preventDefault(); // the letter that opens the note is not written into it
  if (!event.repeat) act(key);
});

for (const quote of document.querySelectorAll("[data-to]")) {
  quote.addEventListener("click", (event) => {
    event.preventDefault();
    for (const shown of document.querySelectorAll(".voice.shown")) shown.classList.remove("shown");
    const places = document.querySelectorAll(`#reading [data-voice="${quote.dataset.to}"]`);
    for (const place of places) place.classList.add("shown");
    places[0]?.scrollIntoView({ block: "center" });
  });
}

form.dataset.settled = "yes"; // takes every key from now on

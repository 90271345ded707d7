/* Ways of looking at the same words: what speaks for the model's level, where the model looked, what
   speaks for any level rather than the coder's own. Every word's tag has the numbers; nothing is asked
   of the server, and nothing of it is there before the coder may see the model. */

const STRENGTHS = 4;
const SHOWN_HERE = 4;
const LEAST = 0.02; // log-odds: less than that is nothing to show

export class Highlights {
  constructor(frame, say) {
    this.frame = frame;
    this.say = say;
    this.isOn = true;
    for (const button of frame.querySelectorAll("[data-why]")) {
      button.addEventListener("click", () => this.ask(Number(button.dataset.why)));
    }
  }

  /** A card was opened: its words as the server marked them. */
  open(root) {
    this.root = root;
    this.words = [...root.querySelectorAll("mark[data-adds]")].map(read);
    this.levels = [...this.frame.querySelectorAll(".rung")].map((rung) => Number(rung.dataset.level));
    this.why = null;
    for (const radio of document.querySelectorAll("#outline [name=marks]")) {
      radio.checked = radio.value === "weight"; // as the server marked them
      radio.addEventListener("change", () => this.look(radio.value));
    }
    for (const link of document.querySelectorAll("#outline [data-sentence]")) {
      link.addEventListener("click", (event) => this.goToSentence(event, link.dataset.sentence));
    }
    this.showHere();
    this.paintButtons();
    this.paintSwitch();
  }

  toggle() {
    if (!this.words.some(({ mark }) => mark.matches(".hl"))) {
      this.say("No words are highlighted here.");
      return;
    }
    this.isOn = !this.isOn;
    this.paintSwitch();
    this.say(this.isOn ? "Highlights on" : "Highlights off");
  }

  /** What speaks for the model's level, its two factors: attention, and what a word adds by itself. */
  look(kind) {
    this.why = null;
    const model = Number(this.root.dataset.model);
    this.paint((word) => (kind === "gradient" ? word.adds[this.place(model)] : word[kind]));
    this.tell(kind === "gradient" ? `Dotted: against ${model}.` : "");
    this.paintMasses(kind === "attention" ? "attention" : "weight");
    this.say({
      weight: "Marked: what speaks for the model's level",
      attention: "Marked: where the model looked",
      gradient: `Marked: what adds to ${model} by itself. Dotted: against it.`,
    }[kind]);
  }

  /** Why this level: against the coder's own, or the model's where they stand on it themselves. */
  ask(level) {
    if (this.why === level) {
      document.querySelector("#outline [name=marks][value=weight]").checked = true;
      this.look("weight");
      return;
    }
    this.why = level;
    const other = this.rival(level);
    for (const radio of document.querySelectorAll("#outline [name=marks]")) radio.checked = false;
    this.paint((word) => difference(word, this.place(level), this.place(other)));
    const told = `Marked: what speaks for ${level} rather than ${other}. Dotted: for ${other}.`;
    this.tell(told);
    this.say(told);
  }

  /* Painting */

  paint(valueOf) {
    const values = this.words.map(valueOf);
    const largest = Math.max(...values.map(Math.abs), 1e-9);
    this.words.forEach(({ mark }, at) => {
      const size = Math.abs(values[at]) < 1e-9 ? 0 : Math.ceil((STRENGTHS * Math.abs(values[at])) / largest);
      const side = values[at] < 0 ? "against" : "hl";
      mark.className = size ? `${side} s${size}` : "word";
    });
    this.isOn = true;
    this.paintButtons();
    this.paintSwitch();
  }

  /** Beside each section, its share of the same. */
  paintMasses(kind) {
    for (const bar of document.querySelectorAll("#outline .mass .fill")) bar.setAttribute("width", bar.dataset[kind]);
    const told = document.getElementById("masses-told");
    const model = this.root.dataset.model;
    told.textContent = kind === "attention" ? "Bars: where the attention is" : `Bars: where what speaks for ${model} stands`;
  }

  /** Under the choice, while what is marked is none of the two. */
  tell(text) {
    const place = document.getElementById("marks-told");
    place.textContent = text;
    place.hidden = text === "";
  }

  paintSwitch() {
    this.frame.classList.toggle("no-marks", !this.isOn);
    this.frame.querySelector("[data-action=highlights]").setAttribute("aria-pressed", this.isOn);
  }

  paintButtons() {
    for (const button of this.frame.querySelectorAll("[data-why]")) {
      const level = Number(button.dataset.why);
      button.hidden = this.words.length === 0;
      button.setAttribute("aria-pressed", level === this.why);
      const other = this.rival(level);
      button.textContent = level === this.own ? `why ${level}?` : `why not ${level}?`;
      button.title = `Mark what speaks for ${level} rather than ${other}`;
    }
  }

  /** Beside each level, the words of this protocol that argue for it. */
  showHere() {
    for (const place of this.frame.querySelectorAll("[data-here]")) {
      const at = this.place(Number(place.dataset.here));
      const found = this.words.filter((word) => word.adds[at] > LEAST).sort((a, b) => b.adds[at] - a.adds[at]);
      const names = [...new Set(found.map(({ text }) => text.toLowerCase()))].slice(0, SHOWN_HERE);
      const line = place.closest(".words");
      place.textContent = names.length ? `here: ${names.join(", ")}` : "";
      line.classList.toggle("has-here", names.length > 0);
      line.title = names.length ? "Words of this protocol that argue for the level, then words that do so in the project" : "";
    }
  }

  goToSentence(event, rank) {
    event.preventDefault();
    const [first, ...rest] = this.root.querySelectorAll(`.passage[data-rank="${rank}"]`);
    first.scrollIntoView({ block: "center" });
    for (const part of this.root.querySelectorAll(".passage.shown")) part.classList.remove("shown");
    for (const part of [first, ...rest]) part.classList.add("shown");
  }

  /* Levels */

  get own() {
    const { mine, model } = this.root.dataset;
    return Number(mine ?? model);
  }

  /** What a level is held against. */
  rival(level) {
    const { model } = this.root.dataset;
    if (level !== this.own) return this.own;
    if (Number(model) !== level) return Number(model);
    return this.levels[this.place(level) - 1] ?? this.levels[1];
  }

  place(level) {
    return this.levels.indexOf(level);
  }
}

function read(mark) {
  const { weight, attention, adds } = mark.dataset;
  return {
    mark,
    text: mark.textContent,
    weight: Number(weight),
    attention: Number(attention),
    adds: adds.split(" ").map(Number),
  };
}

function difference(word, at, other) {
  return word.adds[at] - word.adds[other];
}

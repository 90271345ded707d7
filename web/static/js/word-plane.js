// Words as points, polarity against attention, with a search that works while one types: the table
// below is narrowed and the picture tells the words that were found from the others.

import { ACCENT, Plot, QUIET, SHEET, drawAll, percent, picture } from "./plots.js";
import { trend } from "./word-trend.js";

const HEIGHT = 460;
const MARGIN = { marginTop: 30, marginLeft: 60, marginRight: 24, marginBottom: 44 };
const MOST_NAMES = 28;
const CROWDED = 2; // more points under a name, its own included, would be hidden by it
const LETTER = 8; // pixels of a letter in names, somewhat generous
const LINE = 15;
const GROUPS = {
  for: { colour: ACCENT, symbol: "triangle" },
  against: { colour: "var(--bad)", symbol: "diamond" },
  neutral: { colour: QUIET, symbol: "circle" },
};
const groups = Object.keys(GROUPS);
const field = document.querySelector("#plane-search");
const rows = [...document.querySelectorAll("[data-word]")];
const count = document.querySelector("#plane-count");

const wanted = () => field.value.trim().toLowerCase();
const fits = (word) => word.toLowerCase().includes(wanted());

function padded(values) {
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const room = (high - low || 1) * 0.06;
  return [low - room, high + room];
}

// The names of words furthest out, or of those that are looked for, as far as they have room.
function names(points, domains, width, chosen) {
  const across = (value, [low, high], size) => ((value - low) / (high - low)) * size;
  const [wide, tall] = [width - MARGIN.marginLeft - MARGIN.marginRight, HEIGHT - MARGIN.marginTop - MARGIN.marginBottom];
  const middle = points.map((point) => point.attention).sort((one, other) => one - other)[points.length >> 1];
  const far = ({ polarity, attention }) =>
    Math.hypot(polarity / (domains.x[1] - domains.x[0]), (attention - middle) / (domains.y[1] - domains.y[0]));
  const first = (point) => (point.word === chosen ? 2 : Number(wanted() !== "" && fits(point.word)));
  const spots = points.map((point) => [across(point.polarity, domains.x, wide), tall - across(point.attention, domains.y, tall)]);
  const isCrowded = (box) => spots.filter(([x, y]) => box.left < x && x < box.right && box.top < y && y < box.bottom).length > CROWDED;
  const taken = [];
  const named = [];
  for (const point of [...points].sort((one, other) => first(other) - first(one) || far(other) - far(one))) {
    if (named.length === MOST_NAMES || (wanted() && !first(point))) break;
    const [x, y] = [across(point.polarity, domains.x, wide), tall - across(point.attention, domains.y, tall)];
    const size = point.word.length * LETTER + 10;
    const left = x + size > wide + MARGIN.marginRight - 6;
    const box = { left: left ? x - size : x, right: left ? x : x + size, top: y - LINE / 2, bottom: y + LINE / 2 };
    if (taken.some((other) => box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom)) continue;
    if (!first(point) && isCrowded(box)) continue;
    taken.push(box);
    named.push({ ...point, left });
  }
  return named;
}

function plane(figure, points, width) {
  const { chosen, level, attention } = figure.dataset;
  const domains = { x: padded(points.map((point) => point.polarity)), y: padded(points.map((point) => point.attention)) };
  const where = { x: "polarity", y: "attention" };
  const shown = names(points, domains, width - 18, chosen);
  const name = (left) =>
    Plot.text(shown.filter((point) => point.left === left), {
      ...where, text: "word", dx: left ? -9 : 9, textAnchor: left ? "end" : "start",
      fill: "var(--ink)", stroke: SHEET, strokeWidth: 3, fontWeight: (point) => (point.word === chosen ? 700 : 400),
    });
  const drawn = picture(
    {
      width: width - 18,
      height: HEIGHT,
      ...MARGIN,
      x: { domain: domains.x, label: `polarity for level ${level}` },
      y: { domain: domains.y, label: attention, grid: true, tickFormat: attention.startsWith("share") ? percent : undefined },
      r: { domain: [0, Math.max(...points.map((point) => point.documents))], range: [1.5, 8] },
      color: { domain: groups, range: groups.map((group) => GROUPS[group].colour) },
      symbol: { domain: groups, range: groups.map((group) => GROUPS[group].symbol) },
      marks: [
        Plot.ruleX([0], { stroke: QUIET }),
        Plot.dot(points, {
          ...where, r: "documents", symbol: "group", fill: "group", stroke: "group",
          fillOpacity: (point) => (fits(point.word) ? 0.45 : 0.04), strokeOpacity: (point) => (fits(point.word) ? 0.9 : 0.12),
        }),
        Plot.dot(points.filter((point) => point.word === chosen), { ...where, r: 13, stroke: "var(--ink)", strokeWidth: 2 }),
        name(false),
        name(true),
        Plot.tip(points, Plot.pointer({ ...where, title: (point) => `${point.word}\n${point.said}`, fill: SHEET })),
      ],
    },
    `Words by polarity for level ${level} and attention. The table below has every word.`,
  );
  drawn.classList.add("opens");
  drawn.addEventListener("click", () => {
    const row = drawn.value && rows.find((one) => one.dataset.word === drawn.value.word);
    if (row) location.assign(row.querySelector("a").href);
  });
  return [drawn];
}

drawAll({ plane, trend });

if (field) {
  const figure = document.querySelector("figure[data-chart=plane]");
  field.addEventListener("input", () => {
    for (const row of rows) row.hidden = !fits(row.dataset.word);
    count.textContent = rows.filter((row) => !row.hidden).length;
    figure.dispatchEvent(new Event("again"));
  });
}

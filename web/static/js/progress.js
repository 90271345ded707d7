// Draws what the tables of the Progress page say, and opens its dialog in place of the dialog's page.

import { ACCENT, Plot, QUIET, SHEET, drawAll, picture } from "./plots.js";

const DAY = 86_400_000; // milliseconds
const FEWEST = 14; // bars there is room for
const places = (value) => value.toFixed(2);

function forecast({ measured, forecast: foreseen }, width) {
  const curve = foreseen ? foreseen.curve : [];
  const ahead = curve.filter((point) => point.labels >= foreseen.now);
  const wanted = foreseen ? [foreseen.wanted] : [];
  const band = { x: "labels", y1: "low", y2: "high" };
  const dot = { x: "labels", y: "value" };
  const lowest = Math.min(0, ...measured.map((point) => point.low));
  const describe = (what, share) => (point) =>
    `${what} ${point.labels} labels\nQWK ${places(point.value)} (${places(point.low)} to ${places(point.high)}, ${share} %)`;
  const last = measured.at(-1);
  return picture(
    {
      width,
      x: { label: "settled protocols", zero: true, nice: true, ticks: Math.min(8, Math.floor(width / 60)), tickFormat: "d" },
      y: { label: "QWK", domain: [lowest, 1], grid: true },
      marks: [
        Plot.areaY(curve, { ...band, fill: ACCENT, fillOpacity: 0.14 }),
        Plot.lineY(ahead, { ...dot, stroke: ACCENT, strokeWidth: 2, strokeDasharray: "6 4" }),
        Plot.ruleY(wanted, { stroke: QUIET, strokeDasharray: "2 4" }),
        Plot.text(wanted, { y: (value) => value, text: (value) => `wanted: ${places(value)}`, frameAnchor: "left", dx: 4, dy: -8, fill: "var(--ink)", stroke: SHEET, strokeWidth: 4 }),
        Plot.ruleX(measured, { ...band, stroke: ACCENT, strokeOpacity: 0.5 }),
        Plot.dot(measured, { ...dot, fill: ACCENT, stroke: ACCENT, r: 4 }),
        Plot.tip(measured, Plot.pointer({ ...dot, title: describe("measured with", 95) })),
        Plot.tip(ahead, Plot.pointer({ ...dot, title: describe("expected with", 90) })),
      ],
    },
    `QWK by labels: measured ${places(last.value)} with ${last.labels}` +
      (ahead.length ? `, expected ${places(ahead.at(-1).value)} with ${ahead.at(-1).labels}` : "") +
      ". The table below has every point with its interval.",
  );
}

function labels(unit, stretches, width) {
  const days = stretches.map((one) => ({ ...one, at: new Date(`${one.first_day}T00:00:00Z`) }));
  const [first, end] = [days[0].at, new Date(days.at(-1).at.getTime() + days[0].days * DAY)];
  const begin = new Date(Math.min(first, end - FEWEST * days[0].days * DAY)); // one day is no wall
  const most = Math.max(...days.map((one) => one.labels));
  return picture(
    {
      width,
      height: 200,
      x: { label: null, type: "utc", domain: [begin, end] },
      y: { label: `labels a ${unit}`, grid: true, ticks: Math.min(5, most), tickFormat: "d" },
      marks: [
        Plot.rectY(days, { x: "at", y: "labels", interval: unit === "week" ? "monday" : "day", fill: ACCENT }),
        Plot.ruleY([0], { stroke: QUIET }),
        Plot.tip(
          days,
          Plot.pointerX({ x: "at", y: "labels", title: (one) => `${unit} from ${one.first_day}\n${one.labels} labels, ${one.so_far} so far` }),
        ),
      ],
    },
    `Labels by ${unit}: ${days.at(-1).so_far} in all, at most ${most} a ${unit}. The table below has each.`,
  );
}

drawAll({
  forecast: (_figure, points, width) => [forecast(points, width - 18)],
  labels: (figure, points, width) => [labels(figure.dataset.unit, points, width - 18)],
});

for (const opener of document.querySelectorAll("[data-opens]")) {
  opener.addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById(opener.dataset.opens).showModal();
  });
}

// Draws what the tables of the Model page say.

import { ACCENT, Plot, QUIET, SHEET, drawAll, picture } from "./plots.js";

const percent = (share) => `${Math.round(share * 100)} %`;
const places = (value) => value.toFixed(2);

function curve(points, key, title, width) {
  const measured = points.filter((point) => point[key] && point[key].value !== null);
  const [used, unused] = [true, false].map((wanted) => measured.filter((point) => point.used === wanted));
  const value = (point) => point[key].value;
  const band = { x: "labels", y1: (point) => point[key].low ?? value(point), y2: (point) => point[key].high ?? value(point) };
  const lowest = Math.min(0, ...measured.map(band.y1));
  const middle = measured.at(-1).labels / 2; // the axis starts at 0
  const anchored = (wanted) => measured.filter((point) => point.in_use && point.labels > middle === wanted);
  const [first, last] = [measured[0], measured.at(-1)];
  const name = { x: "labels", y: band.y2, dy: -10, text: (point) => `version ${point.version}`, fill: "var(--ink)", stroke: SHEET, strokeWidth: 4, fontWeight: 600 };
  const dot = { x: "labels", y: value, stroke: ACCENT, r: 4 };
  return picture(
    {
      width,
      x: { label: "labels learned from", zero: true, nice: true, ticks: Math.min(8, Math.floor(width / 60)), tickFormat: "d" },
      y: { label: title, domain: [lowest, 1], grid: true },
      marks: [
        Plot.areaY(measured, { ...band, fill: ACCENT, fillOpacity: 0.14 }),
        Plot.ruleX(measured, { ...band, stroke: ACCENT, strokeOpacity: 0.35 }),
        Plot.lineY(measured, { x: "labels", y: value, stroke: ACCENT, strokeWidth: 2 }),
        Plot.dot(used, { ...dot, fill: ACCENT }),
        Plot.dot(unused, { ...dot, fill: SHEET }),
        Plot.text(anchored(true), { ...name, textAnchor: "end", dx: 6 }),
        Plot.text(anchored(false), { ...name, textAnchor: "start", dx: -6 }),
        Plot.tip(
          measured,
          Plot.pointer({
            x: "labels",
            y: value,
            title: (point) =>
              `version ${point.version}, from ${point.labels} labels\n${title} ${places(value(point))} ` +
              `(${places(band.y1(point))} to ${places(band.y2(point))}), n = ${point.n ?? "unknown"}`,
          }),
        ),
      ],
    },
    `${title} by labels learned from: ${places(value(first))} with ${first.labels}, ` +
      `${places(value(last))} with ${last.labels}. The table below has every version with its interval.`,
  );
}

function reliability(bins, width) {
  const parts = (when) => bins.filter((bin) => bin[when]).map((bin) => bin[when]);
  const [before, after] = [parts("before"), parts("after")];
  const where = { x: "confidence", y: "accuracy" };
  const describe = (when) => (part) =>
    `${when}: said ${percent(part.confidence)}, right ${percent(part.accuracy)}\n` +
    `(${percent(part.low)} to ${percent(part.high)}), n = ${part.n}`;
  const axis = { domain: [0, 1], tickFormat: percent, ticks: 5, grid: true };
  return picture(
    {
      width,
      height: Math.min(width, 340),
      marginLeft: 56,
      // A point of one protocol must not look like one of twenty.
      r: { domain: [0, Math.max(...before.concat(after).map((part) => part.n))], range: [0, 9] },
      x: { ...axis, label: "what it said" },
      y: { ...axis, label: "how often it was right" },
      marks: [
        Plot.line([[0, 0], [1, 1]], { stroke: QUIET, strokeDasharray: "2 4" }),
        Plot.line(before, { ...where, stroke: QUIET, strokeDasharray: "6 4" }),
        Plot.dot(before, { ...where, stroke: QUIET, fill: SHEET, r: "n" }),
        Plot.ruleX(after, { x: "confidence", y1: "low", y2: "high", stroke: ACCENT, strokeOpacity: 0.5 }),
        Plot.line(after, { ...where, stroke: ACCENT, strokeWidth: 1.5 }),
        Plot.dot(after, { ...where, stroke: ACCENT, fill: ACCENT, r: "n" }),
        Plot.tip(before, Plot.pointer({ ...where, title: describe("before") })),
        Plot.tip(after, Plot.pointer({ ...where, title: describe("after") })),
      ],
    },
    "Reliability diagram: how often the model was right against how sure it was, before and after " +
      "calibration. The table below has the figures.",
  );
}

drawAll({
  learning(figure, points, width) {
    const titles = JSON.parse(figure.dataset.titles);
    const side = width < 640 ? width : (width - 16) / titles.length;
    return titles
      .filter(([key]) => points.some((point) => point[key] && point[key].value !== null))
      .map(([key, title]) => curve(points, key, title, Math.floor(side) - 18));
  },
  reliability: (_figure, bins, width) => [reliability(bins, width - 18)],
});

// Learning curves of replayed projects, one line a way of choosing.

import { ACCENT, Plot, QUIET, SHEET, drawAll, picture } from "./plots.js";

const REFERENCE = "random";
const DASHES = ["none", "7 3", "2 3", "9 3 2 3"]; // with the names at the ends: never colour alone
const places = (value) => value.toFixed(2);

function curves(points, full, width) {
  const names = [...new Set(points.map((point) => point.strategy))];
  const best = (name) => points.filter((point) => point.strategy === name).at(-1).qwk.value;
  const reference = points.filter((point) => point.strategy === REFERENCE);
  const where = { x: "labels", y: (point) => point.qwk.value };
  const lowest = Math.min(...points.map((point) => point.qwk.low ?? point.qwk.value));
  const lines = names.map((name, at) =>
    Plot.lineY(points.filter((point) => point.strategy === name), {
      ...where,
      stroke: name === REFERENCE ? QUIET : ACCENT,
      strokeWidth: name === REFERENCE ? 2.5 : 1.8,
      strokeDasharray: name === REFERENCE ? "none" : DASHES[at % DASHES.length],
    }),
  );
  const ends = names.map((name) => points.filter((point) => point.strategy === name).at(-1));
  return picture(
    {
      width,
      height: 340,
      marginRight: Math.min(130, width / 4),
      x: { label: "labels spent", ticks: Math.min(8, Math.floor(width / 70)), tickFormat: "d" },
      y: { label: "QWK", domain: [Math.floor(lowest * 10) / 10, 1], grid: true },
      marks: [
        Plot.areaY(reference, { x: "labels", y1: (point) => point.qwk.low, y2: (point) => point.qwk.high, fill: QUIET, fillOpacity: 0.15 }),
        Plot.ruleY([full], { stroke: QUIET, strokeDasharray: "2 4" }),
        ...lines,
        Plot.text(ends, Plot.dodgeY("middle", { x: "labels", text: "strategy", textAnchor: "start", dx: 8, fill: "var(--ink)", stroke: SHEET, strokeWidth: 3 })),
        Plot.tip(points, Plot.pointer({ ...where, fill: SHEET, title: (point) => `${point.strategy}, ${point.labels} labels\nQWK ${places(point.qwk.value)}` })),
      ],
    },
    `QWK by labels spent for ${names.length} ways of choosing: at the end ` +
      names.map((name) => `${name} ${places(best(name))}`).join(", ") +
      ". The table below has every figure.",
  );
}

drawAll({
  simulation: (figure, points, width) => [curves(points, Number(figure.dataset.full), width - 18)],
});

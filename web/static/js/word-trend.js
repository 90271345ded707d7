// A word's attention and its polarity for each level, over versions or over the steps of a fit.

import { ACCENT, Plot, QUIET, SHEET, percent, picture } from "./plots.js";

const TWO_FIT = 2 * 352 + 16; // pixels that two columns of base.css and the gap between them want
const LINE_APART = 14; // pixels between the names of two lines
const places = (value) => Number(value.toPrecision(3)).toString();

// Names at the lines' ends, moved apart where the ends lie close together.
function ends(lines, domain, height) {
  const inner = height - 74; // without the margins that `picture` gives
  const place = (value) => ((domain[1] - value) / (domain[1] - domain[0] || 1)) * inner;
  let lowest = -Infinity;
  return lines
    .map((line) => ({ ...line, y: place(line.last) }))
    .sort((one, other) => one.y - other.y)
    .map((line) => {
      lowest = Math.max(line.y, lowest + LINE_APART);
      return { ...line, dy: lowest - line.y };
    });
}

function lines(points, values, { width, title, unit, chosen, tickFormat }) {
  const keys = Object.keys(values(points[0]));
  const all = points.flatMap((point) => Object.values(values(point)));
  const domain = [Math.min(0, ...all), Math.max(0, ...all)];
  const height = 220;
  const last = points.at(-1);
  const named = ends(keys.map((key) => ({ key, last: values(last)[key] })), domain, height);
  const main = keys.includes(chosen) ? chosen : keys[0];
  const isChosen = (key) => key === main;
  const colour = (key) => (isChosen(key) ? ACCENT : QUIET);
  const marks = keys.flatMap((key) => {
    const where = { x: "at", y: (point) => values(point)[key] };
    return [
      Plot.lineY(points, { ...where, stroke: colour(key), strokeWidth: isChosen(key) ? 2.5 : 1 }),
      Plot.dot(points, { ...where, fill: colour(key), r: isChosen(key) ? 3.5 : 2 }),
    ];
  });
  const names = named.map(({ key, last: value, dy }) =>
    Plot.text([last], { x: "at", y: value, text: [key], dx: 10, dy, textAnchor: "start", fill: "var(--ink)", fontWeight: isChosen(key) ? 700 : 400 }),
  );
  const describe = (point) =>
    `${unit === "labels" ? `version ${point.version}, ` : ""}${point.at} ${unit}\n` +
    keys.map((key) => `${key ? `level ${key}: ` : ""}${places(values(point)[key])}`).join("\n");
  return picture(
    {
      width,
      height,
      marginLeft: 60,
      marginRight: 34,
      x: { label: unit === "labels" ? "labels learned from" : "steps of the fit", ticks: points.length > 6 ? 6 : points.map((point) => point.at), tickFormat: "d" },
      y: { label: title, domain, grid: true, ticks: 5, tickFormat },
      marks: [
        Plot.ruleY([0], { stroke: QUIET }),
        ...marks,
        ...(keys.length > 1 ? names : []),
        Plot.tip(points, Plot.pointerX({ x: "at", y: (point) => values(point)[main], title: describe, fill: SHEET })),
      ],
    },
    `${title}${main ? `, here level ${main},` : ""} by ${unit}: from ${places(values(points[0])[main])} ` +
      `to ${places(values(last)[main])}. The table below has every figure.`,
  );
}

export function trend(figure, points, width) {
  const { unit, level, attention } = figure.dataset;
  const shares = attention.startsWith("share");
  const side = Math.floor(width < TWO_FIT ? width : (width - 16) / 2) - 18;
  const how = { width: side, unit, chosen: level };
  return [
    lines(points, (point) => ({ "": point.attention }), { ...how, title: attention, tickFormat: shares ? percent : undefined }),
    lines(points, (point) => point.polarity, { ...how, title: "polarity for each level" }),
  ];
}

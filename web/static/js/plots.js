// What every chart of ours shares: how Plot is asked, and that a figure is drawn when it has a place.
// Colours are the page's own variables, so a chart follows light and dark by itself; a picture is
// one image to a screen reader, its table the rest.

export const { Plot } = window;
export const ACCENT = "var(--accent)";
export const QUIET = "var(--quiet)";
export const SHEET = "var(--sheet)";
export const percent = (share) => `${Number((share * 100).toPrecision(3))} %`;
const HEIGHT = 260;
const NARROWEST = 120; // below it a figure is hidden or not yet laid out

// Plot writes a style element, which our content security policy rightly refuses: model.css has its
// rules. Names on groups would be read out although the picture as a whole has one.
export function picture(options, label) {
  const drawn = Plot.plot({ className: "plot", height: HEIGHT, marginTop: 30, marginLeft: 48, marginBottom: 44, ...options });
  for (const style of drawn.querySelectorAll("style")) style.remove();
  for (const group of drawn.querySelectorAll("[aria-label]")) group.removeAttribute("aria-label");
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", label);
  return drawn;
}

function draw(figure, drawer) {
  const place = figure.querySelector(".drawings");
  const pictures = drawer(figure, JSON.parse(figure.dataset.points), figure.clientWidth);
  place.replaceChildren(
    ...pictures.map((drawn) => {
      const frame = document.createElement("div");
      frame.className = "drawing";
      frame.append(drawn);
      return frame;
    }),
  );
}

// Draws each figure by the drawer that its `data-chart` names, and anew when its width changes.
export function drawAll(drawers) {
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    if (Plot) {
      let width = 0;
      const table = figure.querySelector("details");
      if (table) table.open = false;
      figure.classList.add("drawn");
      new ResizeObserver(() => {
        if (figure.clientWidth === width || figure.clientWidth < NARROWEST) return;
        width = figure.clientWidth;
        draw(figure, drawers[figure.dataset.chart]);
      }).observe(figure); // which calls at once, when the page has been laid out
      figure.addEventListener("again", () => draw(figure, drawers[figure.dataset.chart]));
    }
    figure.classList.remove("draws");
  }
}

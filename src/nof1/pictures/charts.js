"use strict";
// Draws every chart of the page. "ast" makes Vega interpret expressions instead of compiling
// them, so the policy needs no unsafe-eval; the loader refuses every address.
const refuse = () => Promise.reject(new Error("This page loads nothing."));
const loader = { load: refuse, sanitize: refuse, http: refuse, file: refuse };
const theme = /* theme */ {};
// The place itself carries the description; the drawing inside is hidden from screen readers.
const drawn = async (place) => {
  const spec = JSON.parse(document.getElementById(place.dataset.chart).textContent);
  const made = vega.parse(vegaLite.compile(spec, { config: theme }).spec, null, { ast: true });
  const view = new vega.View(made, {
    container: place, expr: vega.expressionInterpreter, hover: true, loader, renderer: "svg",
  });
  await view.runAsync();
  place.querySelector("svg").setAttribute("aria-hidden", "true");
};
const draw = (place) => {
  place.dataset.drawn = "yes";
  drawn(place).catch(() => {
    place.textContent = "The chart could not be drawn. Its numbers are in the table below.";
  });
};
const drawAll = () => document.querySelectorAll("[data-chart]:not([data-drawn])").forEach(draw);
document.addEventListener("nof1:swapped", drawAll); // a part of the page was replaced
drawAll();

"use strict";
// Draws every chart of the page. "ast" makes Vega interpret expressions instead of compiling
// them, so the policy needs no unsafe-eval; the loader refuses every address.
const refuse = () => Promise.reject(new Error("This page loads nothing."));
const options = {
  actions: false,
  ast: true,
  renderer: "svg",
  defaultStyle: false,
  tooltip: { disableDefaultStyle: true },
  loader: { load: refuse, sanitize: refuse, http: refuse, file: refuse },
};
// The place itself carries the description; the drawing inside is hidden from screen readers.
const draw = (place) => {
  const spec = JSON.parse(document.getElementById(place.dataset.chart).textContent);
  place.dataset.drawn = "yes";
  vegaEmbed(place, spec, options).then(() => {
    place.querySelector("svg").setAttribute("aria-hidden", "true");
  }).catch(() => {
    place.textContent = "The chart could not be drawn. Its numbers are in the table below.";
  });
};
const drawAll = () => document.querySelectorAll("[data-chart]:not([data-drawn])").forEach(draw);
document.addEventListener("nof1:swapped", drawAll); // a part of the page was replaced
drawAll();

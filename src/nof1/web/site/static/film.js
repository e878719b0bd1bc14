"use strict";
// A film's sliders: the heatmap fades at once; window and slice are drawn by the server, a moment
// after the last change. The address keeps the view. Without this script a button does the same.
const form = document.querySelector("form[data-film]");
if (form) {
  const film = document.querySelector(".stage .base");
  const heat = document.querySelector(".stage .heat");
  const own = new URL(film.src);
  let windowed = form.dataset.chosen === "yes";
  let waiting = 0;
  const fields = () => new FormData(form);
  const keep = () => {
    const address = new URL(location.href);
    for (const [name, value] of fields()) address.searchParams.set(name, value);
    if (!windowed) for (const name of ["window", "level"]) address.searchParams.delete(name);
    history.replaceState(null, "", address);
  };
  const drawn = () => {
    const address = new URL(own);
    for (const name of ["slice", "window", "level"]) {
      const value = fields().get(name);
      if (value !== null && (name === "slice" || windowed)) address.searchParams.set(name, value);
    }
    if (address.href !== film.src) film.src = address.href;
    keep();
  };
  form.addEventListener("input", (event) => {
    const name = event.target.name;
    if (name === "opacity" && heat) {
      heat.style.opacity = String(event.target.value / 100);
      keep();
    } else if (name === "answer") {
      form.requestSubmit();
    } else {
      windowed = windowed || name !== "slice";
      clearTimeout(waiting);
      waiting = setTimeout(drawn, 90);
    }
  });
  const broken = document.querySelector("[data-broken]");
  film.addEventListener("error", () => { broken.hidden = false; });
  film.addEventListener("load", () => { broken.hidden = true; });
  // What was not chosen stays as the file asks.
  form.addEventListener("submit", () => {
    if (!windowed) for (const name of ["window", "level"]) form.elements[name].disabled = true;
  });
}

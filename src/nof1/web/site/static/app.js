"use strict";
// The little that every page needs: the token of forms for htmx, charts in parts that were
// replaced, a print button, words for screen readers.
const token = document.querySelector('meta[name="csrf"]')?.content;
document.addEventListener("htmx:config:request", (event) => {
  if (token) event.detail.ctx.request.headers["X-CSRF-Token"] = token;
});
document.addEventListener("htmx:after:swap", () => {
  document.dispatchEvent(new Event("nof1:swapped"));
});
document.addEventListener("htmx:error", () => {
  document.getElementById("told").textContent = "The page could not be renewed. Reload it.";
});
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
// A form with data-live is sent by htmx when something changes; its button is for those without.
for (const button of document.querySelectorAll("[data-without-script]")) button.hidden = true;
// An output shows the value of the slider it names.
document.addEventListener("input", (event) => {
  const shown = document.querySelector(`output[for="${CSS.escape(event.target.id || "-")}"]`);
  if (shown && shown.dataset.plain !== undefined) shown.textContent = event.target.value;
});

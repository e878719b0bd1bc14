"use strict";
// Lessons: Enter checks the exercise it was pressed in, the address follows the answers, and "done"
// takes along what was checked. Without this script the buttons of the page do the same by reloading.
const asked = document.querySelector("form[data-lesson]");
const given = () => [...new FormData(asked)].filter(([, value]) => value !== "");
asked?.addEventListener("keydown", (event) => {
  const own = event.target.dataset.check;
  if (event.key !== "Enter" || !own) return;
  event.preventDefault();
  document.getElementById(own).click();
});
document.addEventListener("nof1:swapped", () => {
  if (asked) history.replaceState(null, "", `?${new URLSearchParams(given())}`);
});
document.querySelector("form[data-takes-answers]")?.addEventListener("submit", (event) => {
  for (const old of event.target.querySelectorAll("[data-answer]")) old.remove();
  for (const [name, value] of given()) {
    const field = Object.assign(document.createElement("input"), { type: "hidden", name, value });
    if (name !== "seed") event.target.append(field);
  }
});

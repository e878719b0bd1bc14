"use strict";
// The address follows the form, so that a copied link gives the same answer again.
document.addEventListener("htmx:after:swap", () => {
  const form = document.getElementById("what-if");
  if (!form) return;
  const fields = new URLSearchParams(new FormData(form));
  history.replaceState(null, "", `${form.getAttribute("action")}?${fields}`);
});

"use strict";
// Sends each chosen file as it is, one after the other, and shows how far it is.
const tray = document.querySelector("[data-tray]");
const csrf = document.querySelector('meta[name="csrf"]')?.content;
const told = document.getElementById("told");
const size = (bytes) => bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

const line = (file) => {
  const item = document.createElement("li");
  const name = document.createElement("span");
  name.className = "file-name";
  name.textContent = `${file.name} (${size(file.size)})`;
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `Sent of ${file.name}`);
  const says = document.createElement("span");
  says.textContent = "waits";
  item.append(name, bar, says);
  document.getElementById("files").append(item);
  return { bar, says };
};

// fetch tells nothing about bytes that were sent, so the request is an older one.
const send = (file, shown) => new Promise((done) => {
  const asked = new XMLHttpRequest();
  asked.open("PUT", `${tray.dataset.tray}/files/${encodeURIComponent(file.name)}`);
  asked.setRequestHeader("Content-Type", "application/octet-stream");
  if (csrf) asked.setRequestHeader("X-CSRF-Token", csrf);
  asked.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) shown.bar.value = event.loaded / event.total;
    shown.says.textContent = `${size(event.loaded)} sent`;
  });
  asked.addEventListener("loadend", () => {
    let why = "The server did not answer.";
    try { why = JSON.parse(asked.responseText).error ?? why; } catch { /* no JSON */ }
    const good = asked.status === 201;
    shown.bar.value = good ? 1 : 0;
    shown.says.textContent = good ? "there" : `refused: ${why}`;
    told.textContent = `${file.name}: ${shown.says.textContent}`;
    done(good);
  });
  asked.send(file);
});

const take = async (files) => {
  const lines = [...files].map((file) => [file, line(file)]);
  let all = true;
  for (const [file, shown] of lines) all = (await send(file, shown)) && all;
  if (all && lines.length) location.reload();
};

if (tray) {
  const chooser = document.getElementById("chooser");
  document.getElementById("drop").hidden = false;
  chooser.addEventListener("change", () => take(chooser.files));
  const place = document.getElementById("drop");
  for (const kind of ["dragover", "dragleave", "drop"]) {
    place.addEventListener(kind, (event) => {
      event.preventDefault();
      place.toggleAttribute("data-over", kind === "dragover");
      if (kind === "drop") take(event.dataTransfer.files);
    });
  }
}

// What a script adds to pages that work without it: answers while a field changes, and progress without a reload.
"use strict";

const form = document.getElementById("row");
if (form) {
  let timer, asked;
  const ask = async () => {
    asked?.abort();
    asked = new AbortController();
    try {
      const sent = { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "x-part": "answer" }, signal: asked.signal };
      const found = await fetch(form.action, sent);
      if (found.ok || found.status === 422) swap("answer", await found.text());
      else if (found.status === 401 || found.status === 403) form.requestSubmit(); // the session has ended: a page says so
    } catch (error) {
      if (error.name !== "AbortError") form.requestSubmit();
    }
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 90);
  };
  for (const slider of form.querySelectorAll("input[type=range]")) {
    const field = document.getElementById(slider.dataset.for);
    slider.hidden = false;
    slider.addEventListener("input", () => {
      const last = Number(slider.max) - Number(slider.value) < Number(slider.step);
      field.value = last ? slider.max : slider.value;
      later();
    });
    field.addEventListener("input", () => {
      slider.value = field.value;
    });
  }
  form.addEventListener("input", later);
}

const progress = document.getElementById("progress");
if (progress?.dataset.busy) {
  const look = async () => {
    const found = await fetch(location.href, { headers: { "x-part": "progress" } }).catch(() => null);
    if (found?.ok) swap("progress", await found.text());
    if (!found?.ok || document.getElementById("progress").dataset.busy) setTimeout(look, 700);
  };
  setTimeout(look, 400);
}

/** Put what the server wrote in the place of the element of this id. */
function swap(id, text) {
  const made = new DOMParser().parseFromString(text, "text/html").getElementById(id);
  if (made) document.getElementById(id).replaceWith(made);
}

const upload = document.getElementById("upload");
upload?.addEventListener("submit", (event) => {
  const file = document.getElementById("file");
  const large = file.files[0]?.size > Number(upload.dataset.most);
  file.setCustomValidity(large ? `The file is larger than ${upload.dataset.most / 1048576} MiB: send it in parts.` : "");
  if (!file.reportValidity()) event.preventDefault();
  file.oninput = () => file.setCustomValidity("");
});

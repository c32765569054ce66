// A form with data-draft keeps what is entered on this device until it was sent: whoever watches somebody at work may have no connection.
const PREFIX = "carryover-draft-";
const KEPT_MS = 7 * 24 * 3600 * 1000;

function storage() {
  try {
    return window.localStorage;
  } catch {
    return null; // a frame in which the browser keeps nothing: the form works all the same, and says nothing of a draft
  }
}

function fieldsOf(form) {
  return [...new FormData(form)].filter(([name, value]) => name !== "form_token" && typeof value === "string");
}

function restore(form, fields) {
  for (const [name, value] of fields) {
    for (const field of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (field.type === "radio") field.checked = field.value === value;
      else field.value = value;
    }
  }
}

function read(kept, key) {
  try {
    const found = JSON.parse(kept.getItem(key));
    if (found && Date.now() - found.at < KEPT_MS) return found.fields;
  } catch {
    // not ours, or of an older version: it is removed below
  }
  kept.removeItem(key);
  return null;
}

export function keepDrafts() {
  const kept = storage();
  const sent = document.querySelector("[data-sent]")?.dataset.sent;
  if (kept && sent) kept.removeItem(PREFIX + sent);
  for (const form of document.querySelectorAll("form[data-draft]")) {
    if (kept) {
      const key = PREFIX + form.dataset.draft;
      const fields = read(kept, key);
      if (fields && !document.querySelector("[role=alert]")) restore(form, fields);
      for (const note of document.querySelectorAll("[data-draft-note]")) note.hidden = false;
      form.addEventListener("input", () => kept.setItem(key, JSON.stringify({ at: Date.now(), fields: fieldsOf(form) })));
    }
    form.addEventListener("submit", (event) => {
      if (navigator.onLine) return;
      event.preventDefault();
      const line = form.querySelector("p.error") || form.appendChild(document.createElement("p"));
      line.className = "error";
      line.setAttribute("role", "alert");
      line.textContent = form.dataset.away;
    });
  }
}

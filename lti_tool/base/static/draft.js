// A form with data-draft keeps what is entered on this device until it was sent: whoever watches somebody at work may have no connection, and
// whoever sets a programme up saves other forms of the page meanwhile. Only what was changed is kept: the rest is as the server says.
const PREFIX = "carryover-draft-";
const KEPT_MS = 7 * 24 * 3600 * 1000;

function storage() {
  try {
    return window.localStorage;
  } catch {
    return null; // a frame in which the browser keeps nothing: the form works all the same, and says nothing of a draft
  }
}

function typed(form) {
  return [...form.elements].filter((field) => field.name && !["hidden", "file", "submit", "password"].includes(field.type));
}

const ticked = (field) => field.type === "radio" || field.type === "checkbox";

function changed(field) {
  if (ticked(field)) return field.checked !== field.defaultChecked;
  if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected && option.selected);
  return field.value !== field.defaultValue;
}

// The place among the fields of the same name: rows of a table have them in common.
function fieldsOf(form) {
  const seen = new Map();
  const found = [];
  for (const field of typed(form)) {
    const place = seen.get(field.name) ?? 0;
    seen.set(field.name, place + 1);
    if (changed(field)) found.push([field.name, place, ticked(field) ? field.checked : field.value]);
  }
  return found;
}

function restore(form, fields) {
  for (const [name, place, value] of fields) {
    const field = typed(form).filter((one) => one.name === name)[place];
    if (!field) continue;
    if (ticked(field)) field.checked = value;
    else field.value = value;
  }
}

function read(kept, key) {
  try {
    const found = JSON.parse(kept.getItem(key));
    if (found && Date.now() - found.at < KEPT_MS && found.fields.every((one) => one.length === 3)) return found.fields;
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

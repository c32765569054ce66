// What is typed into a form that has data-draft, or a field with it, is kept until it was sent: at the address data-keep, where there is one, so
// that it stands in the form on every device; on this device where there is no connection, or no such address. Only what was changed is kept on
// the device: the rest is as the server says.
const PREFIX = "carryover-draft-";
const KEPT_MS = 7 * 24 * 3600 * 1000;
const PAUSE_MS = 1000; // after the last key

// The session of a page without cookies is in a header (storage.js).
let sessionHeaders = {};

export function useSession(headers) {
  sessionHeaders = headers;
}

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

function keepOnDevice(form, words, kept) {
  kept?.setItem(PREFIX + words.draft, JSON.stringify({ at: Date.now(), fields: fieldsOf(form) }));
}

function say(words, text) {
  const state = document.querySelector(`[data-draft-state="${CSS.escape(words.draft)}"]`);
  if (state) state.textContent = text;
}

// Sends what stands in the form to the server a moment after the last key, and on leaving; where it does not arrive, this device keeps it.
function keepOnServer(form, words, kept) {
  let waiting = 0;
  let sending = null;

  async function send(leaving = false) {
    clearTimeout(waiting);
    waiting = 0;
    sending?.abort();
    const own = new AbortController();
    sending = own;
    const fields = new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string"));
    say(words, words.saving);
    try {
      const answer = await fetch(words.keep, {
        method: "POST",
        body: fields,
        headers: sessionHeaders,
        keepalive: leaving,
        signal: own.signal,
        redirect: "error",
      });
      if (!answer.ok) throw new Error(`answered ${answer.status}`);
      kept?.removeItem(PREFIX + words.draft);
      const now = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
      say(words, `${words.saved} ${now}`);
    } catch {
      if (own.signal.aborted) return; // a later one is on its way, or the form itself
      keepOnDevice(form, words, kept);
      say(words, kept ? words.device : "");
    }
  }

  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(send, PAUSE_MS);
  });
  window.addEventListener("online", () => form.isConnected && kept?.getItem(PREFIX + words.draft) && send());
  window.addEventListener("pagehide", () => waiting && send(true));
  form.addEventListener("submit", () => {
    clearTimeout(waiting);
    waiting = 0;
    sending?.abort();
  });
  return send;
}

function refuseOffline(form, words, kept) {
  form.addEventListener("submit", (event) => {
    if (navigator.onLine) return;
    event.preventDefault();
    keepOnDevice(form, words, kept);
    const line = form.querySelector("p.error") || form.appendChild(document.createElement("p"));
    line.className = "error";
    line.setAttribute("role", "alert");
    line.textContent = words.away;
  });
}

export function keepDrafts() {
  const kept = storage();
  for (const sent of document.querySelectorAll("[data-sent]")) kept?.removeItem(PREFIX + sent.dataset.sent);
  if (kept) for (const note of document.querySelectorAll("[data-draft-note]")) note.hidden = false;
  for (const holder of document.querySelectorAll("[data-draft]")) {
    const form = holder.form ?? holder;
    const words = holder.dataset;
    const fields = kept && read(kept, PREFIX + words.draft);
    if (fields && !document.querySelector("[role=alert]")) restore(form, fields);
    refuseOffline(form, words, kept);
    if (words.keep) {
      const send = keepOnServer(form, words, kept);
      if (fields) send();
    } else form.addEventListener("input", () => keepOnDevice(form, words, kept));
  }
}

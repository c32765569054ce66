"use strict";
// The list follows the filter while it is typed, and shows new statements every five seconds while nobody reads one.
const form = document.getElementById("filter");
const rows = document.getElementById("rows");
const said = document.getElementById("said");
let waiting = 0;
let asked = 0;

function isRead() {
  return rows.querySelector("ol.rows details[open]") || rows.querySelector("ol[data-earlier]") || rows.contains(document.activeElement);
}

async function show(quietly) {
  const mine = ++asked;
  const wanted = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));
  wanted.set("part", "rows");
  rows.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(`${form.action}?${wanted}`, { credentials: "same-origin" });
    const text = await answer.text();
    if (mine !== asked || (quietly && isRead())) return; // somebody opened one while the server answered
    if (!answer.ok) throw new Error(String(answer.status));
    const before = rows.querySelector("ol.rows")?.dataset.first;
    const parsed = new DOMParser().parseFromString(text, "text/html");
    if (!quietly || parsed.querySelector("ol.rows")?.dataset.first !== before) {
      rows.replaceChildren(...parsed.body.childNodes);
      const count = rows.querySelectorAll("ol.rows > li").length;
      const shown = count === 1 ? said.dataset.shownOne : said.dataset.shown.replace("%(num)s", count);
      said.textContent = quietly ? said.dataset.added : shown;
    }
    wanted.delete("part");
    if (!quietly) history.replaceState(null, "", wanted.size ? `?${wanted}` : form.action);
  } catch {
    if (!quietly && mine === asked) said.textContent = said.dataset.silent;
  } finally {
    if (mine === asked) rows.setAttribute("aria-busy", "false");
  }
}

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => show(false), 300);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(waiting);
  show(false);
});
setInterval(() => {
  if (!document.hidden && !isRead()) show(true);
}, 5000);

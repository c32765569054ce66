// Launches where the browser keeps no cookie in a frame: the LMS's own window keeps the proof (LTI postMessage storage 0.1), and the
// session's secret stays in the memory of this page, which sends it as a bearer token. It is in no address and in no storage.
import { arrived, useSession } from "./frame.js";

const page = document.getElementById("storage").dataset;
const WAIT_MS = 2000; // an LMS that offers storage answers at once

function storageFrame() {
  const around = window.opener || window.parent;
  if (page.target === "_parent") return around;
  try {
    return around.frames[page.target] || around;
  } catch {
    return around;
  }
}

function ask(message) {
  const message_id = crypto.randomUUID ? crypto.randomUUID() : String(Math.random());
  const frame = storageFrame();
  return new Promise((resolve) => {
    const timer = setTimeout(() => done(null), WAIT_MS);
    function done(answer) {
      clearTimeout(timer);
      window.removeEventListener("message", hear);
      resolve(answer);
    }
    function hear(event) {
      // Only the LMS that is registered may answer, and only the question that was asked.
      const answer = event.data;
      if (event.origin !== page.origin || event.source !== frame || typeof answer !== "object" || answer === null) return;
      if (answer.subject === `${message.subject}.response` && answer.message_id === message_id) done(answer);
    }
    window.addEventListener("message", hear);
    frame.postMessage({ ...message, message_id }, page.origin);
  });
}

let token = "";

function show(text, address) {
  const next = new DOMParser().parseFromString(text, "text/html");
  document.title = next.title;
  document.documentElement.lang = next.documentElement.lang;
  document.body.replaceWith(document.adoptNode(next.body));
  if (address) history.pushState({ address }, "", address);
  window.scrollTo(0, 0);
  const heading = document.querySelector("h1");
  if (heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
  arrived();
}

async function go(address, options = {}, remember = true) {
  document.body.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { ...options, credentials: "omit", headers: { ...options.headers, Authorization: `Bearer ${token}` } });
    show(await answer.text(), remember ? answer.url : "");
  } catch {
    offer(() => go(address, options, remember));
  }
}

function offer(again) {
  document.body.removeAttribute("aria-busy");
  const line = document.createElement("p");
  line.className = "error";
  line.setAttribute("role", "alert");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = page.again;
  button.addEventListener("click", () => {
    line.remove();
    again();
  });
  line.append(page.away, " ", button);
  document.querySelector("main").prepend(line);
}

function takeOver() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || link.target || link.origin !== location.origin || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.href);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented) return;
    const address = event.submitter?.getAttribute("formaction") || form.getAttribute("action") || location.href;
    if (form.target || new URL(address, location.href).origin !== location.origin) return;
    event.preventDefault();
    const fields = new URLSearchParams(new FormData(form, event.submitter));
    if (form.method === "post") go(address, { method: "POST", body: fields });
    else go(`${address.split("?")[0]}?${fields}`);
  });
  window.addEventListener("popstate", (event) => event.state?.address && go(event.state.address, {}, false));
}

async function begin() {
  if (page.act === "put") {
    await ask({ subject: "lti.put_data", key: page.key, value: page.proof });
    location.replace(page.next);
    return;
  }
  let opened;
  const kept = await ask({ subject: "lti.get_data", key: page.key });
  const fields = Object.fromEntries(new FormData(document.getElementById("fields")));
  const body = JSON.stringify({ ...fields, proof: typeof kept?.value === "string" ? kept.value : "" });
  try {
    const answer = await fetch("/lti/launch/confirm", { method: "POST", credentials: "omit", headers: { "Content-Type": "application/json" }, body });
    if (!answer.ok) {
      show(await answer.text(), "");
      return;
    }
    opened = await answer.json();
  } catch {
    offer(begin);
    return;
  }
  token = opened.token;
  useSession({ Authorization: `Bearer ${token}` });
  takeOver();
  ask({ subject: "lti.put_data", key: page.key, value: "" });
  await go(opened.home);
}

begin();

/* What the practice LMS does in the browser: forms that go on by themselves, and what a platform answers to a framed tool. */
"use strict";

const ORDINARY = { lowest: 300, highest: 5000 }; // heights of the frame, px
const stored = new Map(); // sender origin → its keys: one tool does not read what another put (lti-pm-s)
const form = document.querySelector("form[data-submit]");
const frame = document.querySelector("iframe");

if (form) HTMLFormElement.prototype.submit.call(form);
// The course page does not belong into the frame that a tool was in.
if (document.body.hasAttribute("data-top") && window.top !== window) window.top.location.assign(location.href);

function resize(height) {
  if (!Number.isFinite(height)) return;
  frame.style.minHeight = "0";
  frame.style.height = `${Math.min(Math.max(height, ORDINARY.lowest), ORDINARY.highest)}px`;
}

/** The answer to a message about storage; undefined when it is none of those. */
function answer(message, origin) {
  const kept = stored.get(origin) ?? stored.set(origin, new Map()).get(origin);
  if (message.subject === "lti.capabilities") {
    const subjects = ["lti.capabilities", "lti.put_data", "lti.get_data", "lti.frameResize"];
    return { supported_messages: subjects.map((subject) => ({ subject })) };
  }
  if (message.subject !== "lti.put_data" && message.subject !== "lti.get_data") return undefined;
  if (typeof message.key !== "string" || message.key === "") return { error: { code: "bad_request", message: "There is no key." } };
  if (message.subject === "lti.put_data") {
    if (message.value === null || message.value === undefined) kept.delete(message.key);
    else kept.set(message.key, String(message.value));
  }
  return { key: message.key, value: kept.get(message.key) ?? null };
}

window.addEventListener("message", (event) => {
  const message = event.data;
  if (!frame || event.source !== frame.contentWindow || typeof message !== "object" || message === null) return;
  if (message.subject === "lti.frameResize") resize(Number(message.height));
  if (message.subject === "org.imsglobal.lti.close" && frame.dataset.close) location.assign(frame.dataset.close);
  if (!("storage" in frame.dataset) || typeof message.message_id !== "string") return;
  const said = answer(message, event.origin);
  if (said) event.source.postMessage({ subject: `${message.subject}.response`, message_id: message.message_id, ...said }, event.origin);
});

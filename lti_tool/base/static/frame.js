// On every page: tell the LMS how tall the page is, and send a form that waits to be sent. Without it everything works, less comfortably.
import { keepDrafts } from "./draft.js";

export { useSession } from "./draft.js";

const framed = window.parent !== window;

function tellHeight() {
  const height = Math.ceil(document.documentElement.getBoundingClientRect().height);
  // Canvas listens to the first, D2L and Blackboard to the second; a height is no secret, so any parent may know it.
  window.parent.postMessage({ subject: "lti.frameResize", height }, "*");
  window.parent.postMessage(JSON.stringify({ subject: "org.imsglobal.lti.frameResize", height }), "*");
}

export function arrived() {
  for (const button of document.querySelectorAll("button[data-close]")) {
    button.addEventListener("click", () => {
      // Dynamic registration 1.0, 3.9: the LMS closes the frame or window. The message carries nothing.
      (window.opener || window.parent).postMessage({ subject: "org.imsglobal.lti.close" }, "*");
    });
  }
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
      button.textContent = button.dataset.copied;
    });
  }
  keepDrafts();
  // What an answer was is read out and seen first, where a page says so.
  document.querySelector("[data-focus]")?.focus();
  document.querySelector("form[data-send-now]")?.requestSubmit();
}

if (framed) {
  new ResizeObserver(tellHeight).observe(document.documentElement);
}
arrived();

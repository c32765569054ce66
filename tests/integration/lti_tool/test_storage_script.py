"""The script of the page that asks the LMS's window for the proof of a launch (LTI postMessage
storage 0.1): whom it asks, whose answer it takes, and what it does without one. The rows are those
of docs/lti-certification.md, section 10.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import lti_tool.base

SCRIPT = Path(lti_tool.base.__file__).parent / "static" / "storage.js"
LMS, HOME, NEXT = "https://lms.example", "/l/1/", "https://lms.example/auth?state=s"

# A stand-in for the page: the script's own file runs in it. Windows note what is posted to them and
# answer as the test says; a timer ends once nothing else is left to happen.
PAGE = """
const fs = require("node:fs");
const { dataset, named, strict, answers, opens } = JSON.parse(process.argv[2]);
const seen = { posted: [], waits: [], fetched: [], went: null, shown: null };
const listeners = new Set(), timers = new Map();
const windows = {};
for (const name of ["parent", named, "stranger"].filter(Boolean)) {
  windows[name] = { postMessage: (message, origin) => {
    seen.posted.push([name, message, origin]);
    for (const { source, origin: from, ...data } of answers[message.subject] || []) {
      const said = data.text ?? { subject: `${message.subject}.response`, message_id: message.message_id, ...data };
      setImmediate(() => [...listeners].forEach((hear) => hear({ data: said, origin: from, source: windows[source] })));
    }
  } };
}
windows.parent.frames = new Proxy({}, { get: (_, name) => {
  if (name !== named && strict) throw new Error("SecurityError");
  return name === named ? windows[name] : undefined;
} });
const page = {
  window: {
    opener: null,
    parent: windows.parent,
    addEventListener: (kind, hear) => kind === "message" && listeners.add(hear),
    removeEventListener: (kind, hear) => listeners.delete(hear),
    scrollTo: () => {},
  },
  document: {
    getElementById: (id) => ({ dataset, id }),
    documentElement: {},
    body: { replaceWith: (body) => { seen.shown = body; }, setAttribute: () => {}, removeAttribute: () => {} },
    adoptNode: (node) => node,
    querySelector: () => null,
    addEventListener: () => {},
  },
  location: { replace: (place) => { seen.went = place; } },
  history: { pushState: () => {} },
  FormData: class { *[Symbol.iterator]() { yield* [["state", "s"], ["id_token", "t"]]; } },
  DOMParser: class { parseFromString(text) { return { documentElement: {}, body: text }; } },
  fetch: async (address, { body }) => {
    seen.fetched.push([address, body ? JSON.parse(body) : null]);
    const opened = { home: dataset.home, token: "secret" };
    const ok = opens || address === dataset.home;
    return { ok, url: address, text: async () => `page of ${address}`, json: async () => opened };
  },
  setTimeout: (then, ms) => { seen.waits.push(ms); timers.set(timers.size + 1, then); return timers.size; },
  clearTimeout: (id) => timers.delete(id),
  arrived: () => {},
  useSession: () => {},
};
const source = fs.readFileSync(process.argv[1], "utf8").replace(/^import .*$/m, "");
new Function(...Object.keys(page), `"use strict";${source}`)(...Object.values(page));
let quiet = 0;
(function turn() {
  if (quiet++ < 20) return setImmediate(turn);
  if (timers.size === 0) return console.log(JSON.stringify({ ...seen, listening: listeners.size }));
  const due = [...timers.values()];
  timers.clear();
  due.forEach((then) => then());
  quiet = 0;
  turn();
})();
"""


def in_page(
    act: str,
    target: str = "_parent",
    named: str = "",
    strict: bool = False,
    opens: bool = False,
    **answers: list[dict[str, Any]],
) -> Any:
    """What the script does on its page. ``act``: put or ask; ``named``: a frame of the LMS beside
    ours; ``strict``: a name that is none raises, as a window of another origin does; ``opens``:
    whether the tool takes the proof; ``answers``: what comes back to put or get.
    """
    dataset = {
        "act": act,
        "target": target,
        "origin": LMS,
        "key": "state_s",
        "proof": "the proof",
        "next": NEXT,
        "home": HOME,
    }
    scene = {
        "dataset": dataset,
        "named": named,
        "strict": strict,
        "opens": opens,
        "answers": {f"lti.{name}_data": given for name, given in answers.items()},
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        ["node", "-e", PAGE, str(SCRIPT), json.dumps(scene)],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def answer(**changes: Any) -> dict[str, Any]:
    """An answer of the LMS's window."""
    return {"source": "parent", "origin": LMS, "key": "state_s", "value": "kept", **changes}


def proof(seen: Any) -> str:
    """The proof with which the script confirmed the launch, once."""
    address, body = seen["fetched"][0]
    assert address == "/lti/launch/confirm"
    assert [asked for asked, _ in seen["fetched"]].count(address) == 1
    assert (body["state"], body["id_token"]) == ("s", "t")
    return str(body["proof"])


def test_every_message_goes_to_the_origin_of_the_lms_and_never_to_all() -> None:
    """Row 10.5: postMessage storage 0.1 wants the origin of the authorization endpoint."""
    begun = in_page("put", put=[answer(value="the proof")])
    opened = in_page("ask", opens=True, get=[answer()], put=[answer(value="")])
    posted = begun["posted"] + opened["posted"]
    assert [(window, origin) for window, _, origin in posted] == [("parent", LMS)] * 3
    assert [(sent["subject"], sent["key"], sent.get("value")) for _, sent, _ in posted] == [
        ("lti.put_data", "state_s", "the proof"),
        ("lti.get_data", "state_s", None),
        ("lti.put_data", "state_s", ""),
    ], "the proof is kept, asked for and taken away again"
    assert len({sent["message_id"] for _, sent, _ in posted}) == 3
    assert begun["went"] == NEXT
    assert proof(opened) == "kept"
    assert opened["shown"] == f"page of {HOME}"


WRONG: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "https://evil.example"},
    "an origin that begins alike": {"origin": f"{LMS}.evil.example"},
    "an origin of nobody": {"origin": "null"},
    "another window": {"source": "stranger"},
    "another message_id": {"message_id": "another"},
    "no message_id": {"message_id": None},
    "another subject": {"subject": "lti.put_data.response"},
    "the question itself": {"subject": "lti.get_data"},
    "a text": {"text": '{"subject": "lti.get_data.response"}'},
}


@pytest.mark.parametrize("case", WRONG)
def test_an_answer_that_is_not_the_one_asked_for_is_ignored(case: str) -> None:
    """Row 10.6: the values of a message are checked before it is taken (1EdTech's own
    lti-postmessage-library, src/ltistorage.ts, does so).
    """
    wrong = answer(**{"value": "forged", **WRONG[case]})
    assert proof(in_page("ask", get=[wrong])) == "", "it waits on, to its time-out"
    assert proof(in_page("ask", get=[wrong, answer()])) == "kept", "and takes the right one"


@pytest.mark.parametrize(
    "said", [[], [answer(value=None, error={"code": "storage_exhausted", "message": "full"})]]
)
def test_without_an_answer_the_script_does_not_wait_for_ever(said: list[dict[str, Any]]) -> None:
    """Row 10.7: an LMS may answer nothing, or an error object; the launch goes on without a proof,
    and the page that refuses it is shown.
    """
    asked = in_page("ask", get=said)
    assert proof(asked) == ""
    assert asked["shown"] == "page of /lti/launch/confirm"
    begun = in_page("put", put=said)
    assert begun["went"] == NEXT, "a browser that keeps a cookie needs no storage"
    for seen in (asked, begun):
        (wait,) = seen["waits"]
        assert 0 < wait <= 5_000
        assert seen["listening"] == 0


@pytest.mark.parametrize("act", ["put", "ask"])
def test_messages_go_to_the_frame_that_the_lms_named(act: str) -> None:
    """Row 10.8: Canvas names its frame post_message_forwarding."""
    frame = "post_message_forwarding"
    said = answer(source=frame)
    seen = in_page(act, frame, named=frame, put=[said], get=[said])
    assert [(window, origin) for window, _, origin in seen["posted"]] == [(frame, LMS)]
    if act == "ask":
        assert proof(seen) == "kept"
        others = in_page(act, frame, named=frame, get=[answer(source="parent")])
        assert proof(others) == "", "the frame that was asked answers, no other"


@pytest.mark.parametrize("strict", [False, True])
def test_where_the_named_frame_is_missing_the_window_around_is_asked(strict: bool) -> None:
    """Row 10.8: a window of another origin gives nothing for an unknown name, or raises."""
    seen = in_page("ask", "post_message_forwarding", strict=strict, get=[answer()])
    assert [(window, origin) for window, _, origin in seen["posted"]] == [("parent", LMS)]
    assert proof(seen) == "kept"

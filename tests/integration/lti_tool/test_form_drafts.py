"""What somebody typed and could not send yet is not lost: by a reload, by a session that ended, on
another device.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import timedelta
from html import unescape

import pytest
from werkzeug.test import TestResponse

from lti_tool.base import form_drafts, form_drafts_store
from lti_tool.privacy import erasure_store, expiry
from tests.support.listed_people import person
from tests.support.tool import Tool, new_uuid
from tests.support.visits import NOW, hand_in, home, report, send, visit

__all__ = ["home"]  # the fixture of a learner with a manager and a mentor
PLAN = {
    "task": "inbox",
    "what": "Look at the sender’s domain <first> & twice",
    "by_when": NOW.date().isoformat(),
    "with_whom": "Somebody",
    "evidence": "",
    "obstacle": "No time",
}


def filled(page: TestResponse, form: str) -> dict[str, str]:
    """What the form of this name shows in its fields of text, and what it has chosen."""
    found = re.search(
        rf'<form(?:(?!</form>).)*name="draft" value="{form}".*?</form>', page.text, re.S
    )
    assert found, f"the page has no form {form}"
    areas = re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>(.*?)</textarea>', found[0], re.S)
    dates = re.findall(r'<input type="date"[^>]*name="(\w+)" value="([^"]*)"', found[0])
    chosen = re.findall(r'<option value="([^"]+)" selected', found[0])
    return {
        **{name: unescape(value) for name, value in (*areas, *dates)},
        **({"task": chosen[0]} if chosen else {}),
    }


def keep(tool: Tool, home: str, form: str, fields: Mapping[str, str]) -> TestResponse:
    """What the page's script sends a second after the last key."""
    return send(tool, home, "drafts", draft=form, **fields)


def ends(tool: Tool) -> None:
    tool.sql("UPDATE lti_tool.launch SET seen_at = now() - interval '3 hours'")


def test_what_was_typed_stands_in_the_form_after_a_reload(tool: Tool, home: str) -> None:
    form = "plan/phishing-response"
    assert keep(tool, home, form, PLAN).status_code == 204
    page = tool.get(f"{home}plan")
    assert filled(page, form) == PLAN
    assert "This is what you typed and did not send yet." in page.text
    again = tool.get(f"{visit(tool, 'SIS-L')}plan")
    assert filled(again, form) == PLAN, "on another device, too"
    assert "sender’s domain" not in tool.get(f"{visit(tool, 'E8')}today").text
    saved = tool.post(f"{home}plan", page, act="save", draft=form, **PLAN)
    assert "Your draft is saved." in saved.text
    assert f'data-sent="{person(tool, "SIS-L").id}-{form}"' in saved.text, "devices forget it"
    assert "did not send yet" not in saved.text and tool.rows("form_draft") == 0


def test_a_session_that_ended_keeps_what_was_sent_too_late(tool: Tool, home: str) -> None:
    """Without scripts: the form was sent, nothing kept it on the way."""
    form = "plan/phishing-response"
    ends(tool)
    refused = send(tool, home, "plan", draft=form, act="commit", **PLAN)
    assert refused.status_code == 401
    assert "What you typed is kept" in refused.text
    assert tool.rows("plan") == 0, "an ended session does nothing else"
    page = tool.get(f"{visit(tool, 'SIS-L')}plan")
    assert filled(page, form) == PLAN


def test_every_form_of_many_words_comes_back(tool: Tool, home: str) -> None:
    report(tool, home)
    ends(tool)
    typed = {"words": "Three mails, one of them false."}
    for form, path in (
        ("exercise/phishing-response", "hand-in/exercise"),
        ("case-study/phishing-response", "hand-in/case-study"),
        ("no-opportunity/phishing-response", "no-opportunity"),
        ("use/phishing-response", "uses"),
    ):
        assert send(tool, home, path, draft=form, form_id=new_uuid(), **typed).status_code == 401
    back = visit(tool, "SIS-L")
    work, plan = tool.get(f"{back}work"), tool.get(f"{back}plan")
    for form in ("exercise", "case-study", "no-opportunity"):
        assert filled(work, f"{form}/phishing-response")["words"] == typed["words"]
    assert filled(plan, "use/phishing-response")["words"] == typed["words"]
    hand_in(tool, back)
    handed = tool.sql("SELECT id FROM lti_tool.handed_in")[0][0]
    mentor = visit(tool, "E8")
    ends(tool)
    answer = {"good": "You looked twice.", "next_step": "Tell the others.", "weak_content": ""}
    path, form = f"inbox/reviews/{handed}", f"review/{handed}"
    assert send(tool, mentor, path, draft=form, **answer).status_code == 401
    assert tool.rows("review") == 0
    shown = filled(tool.get(f"{visit(tool, 'E8')}inbox"), form)
    assert shown == answer


def test_a_refused_form_keeps_what_was_typed_in_it_and_fills_no_other(
    tool: Tool, home: str
) -> None:
    report(tool, home)
    page = tool.get(f"{home}plan")
    use, plan = "use/phishing-response", "plan/phishing-response"
    refused = tool.post(
        f"{home}uses", page, draft=use, form_id=new_uuid(), task="", used_on="", words="It was."
    )
    assert refused.status_code == 400
    assert filled(refused, use)["words"] == "It was."
    assert filled(refused, plan)["what"] == "Look at the domain first"
    assert refused.text.count('id="task"') == refused.text.count('id="use-task"') == 1


def test_whoever_has_not_the_session_keeps_nothing_in_it(tool: Tool, home: str) -> None:
    form = "plan/phishing-response"
    token = tool.get(f"{home}plan").text.split('name="form_token" value="')[1].split('"')[0]
    ends(tool)
    stranger = tool.stranger().post(
        f"{home}plan",
        data={"form_token": token, "draft": form, **PLAN},
        base_url="https://127.0.0.1:8080",
    )
    assert stranger.status_code == 401 and "nothing was stored" in stranger.text
    forged = tool.browser.post(
        f"{home}plan",
        data={"form_token": "0" * 64, "draft": form, **PLAN},
        base_url="https://127.0.0.1:8080",
    )
    assert forged.status_code == 403 and tool.rows("form_draft") == 0


@pytest.mark.parametrize("form", ["", "Plan", "plan/../x y", "p" * 200, "plan/" + "x" * 101])
def test_only_a_form_is_kept(tool: Tool, home: str, form: str) -> None:
    assert keep(tool, home, form, PLAN).status_code == 400
    assert tool.rows("form_draft") == 0


def test_a_form_is_not_kept_without_end(tool: Tool, home: str) -> None:
    form = "plan/phishing-response"
    much = {"what": "x" * (form_drafts.MAX_DRAFT_CHARS + 1)}
    assert keep(tool, home, form, much).status_code == 413
    for number in range(form_drafts_store.MAX_DRAFTS + 3):
        keep(tool, home, f"review/{number}", {"good": "x"})
    assert tool.rows("form_draft") == form_drafts_store.MAX_DRAFTS
    assert keep(tool, home, "review/52", {"good": " "}).status_code == 204
    assert tool.rows("form_draft") == form_drafts_store.MAX_DRAFTS - 1, "an empty form is forgotten"
    tool.sql("UPDATE lti_tool.form_draft SET saved_at = now() - interval '31 days'")
    expiry.discard_expired_data(tool.deps, tool.tenant_id)
    assert tool.rows("form_draft") == 0


def test_a_draft_is_the_person_s_own_data(tool: Tool, home: str) -> None:
    keep(tool, home, "plan/phishing-response", PLAN)
    assert "No time" in tool.get(f"{home}me/data.json").text
    assert "form_draft" in erasure_store.OWNED_ROWS


def test_a_form_that_is_sent_twice_is_stored_once(tool: Tool, home: str) -> None:
    """Two presses, or the back button and once more."""
    use = report(tool, home)
    work = tool.get(f"{home}work")
    form_ids = {"uses": str(use), "no-opportunity": str(uuid.uuid4())}
    for _ in range(2):
        tool.post(
            f"{home}uses",
            work,
            form_id=form_ids["uses"],
            task="inbox",
            used_on=NOW.date().isoformat(),
            words="It was false.",
        )
        tool.post(f"{home}no-opportunity", work, form_id=form_ids["no-opportunity"], words="")
        tool.post(f"{home}tasks", work, competency="verify", task="", title="The till")
        hand_in(tool, home)
    handed = tool.sql("SELECT id FROM lti_tool.handed_in")
    answer = {"good": "Good.", "next_step": "On.", "weak_content": ""}
    mentor = visit(tool, "E8")
    for _ in range(2):
        send(tool, mentor, f"inbox/reviews/{handed[0][0]}", **answer)
        send(tool, mentor, f"inbox/uses/{use}", seen="yes", words="")
    for table in (
        "job_use",
        "no_opportunity",
        "mapped_task",
        "handed_in",
        "review",
        "confirmation",
    ):
        assert tool.rows(table) == 1, table


def test_an_ended_session_is_forgotten_with_its_week(tool: Tool, home: str) -> None:
    tool.sql("UPDATE lti_tool.launch SET expires_at = now() - :age", age=timedelta(days=7, hours=1))
    expiry.discard_expired_data(tool.deps, tool.tenant_id)
    assert tool.rows("launch") == 0
    assert send(tool, home, "plan", draft="plan/x", **PLAN).status_code == 401

"""The pages of whoever operates a record store: statements and what they lead to, files of a filter,
what does not count, who may be one person.
"""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from analytics.deps import AnalyticsDeps
from lrs.xapi.tolerance import TOLERATED
from tests.support.learners import Person, count, post
from tests.support.store import Caller

Make = Callable[..., dict[str, Any]]


def sent(caller: Caller, path: str, **fields: str) -> Any:
    return caller.client.post(path, data=fields, headers=caller.headers())


def token_in(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


def shown(caller: Caller, link: str) -> str:
    """The page that a link of a page leads to."""
    path, query = urlsplit(link.replace("&amp;", "&"))[2:4]
    wanted = {name: values[0] for name, values in parse_qs(query).items()}
    return caller.get(path, **wanted).text


def test_a_statement_leads_to_what_it_is_about_and_what_refers_to_it(
    one: Caller, statement: Make
) -> None:
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    registration = str(uuid.uuid4())
    activity = {"id": "https://o.example/1", "definition": {"name": {"en": "Walking"}}}
    one.post(
        [
            statement(
                id=first,
                object=activity,
                actor={"mbox": "mailto:walker@example.org", "name": "A walker"},
                context={"registration": registration},
            ),
            statement(id=second, object={"objectType": "StatementRef", "id": first}),
            statement(verb={"id": "https://v.example/other"}),
        ]
    )
    alone = one.get("/browse", statement=first).text
    assert alone.count("<time") == 1
    links = {
        words: link for link, words in re.findall(r'<a href="(/browse\?[^"]+)">([^<]+)</a>', alone)
    }
    assert f'id="{second}"' not in alone
    assert "A walker" in shown(one, links["this person or group"])
    about = shown(one, links["this activity"])
    assert "What is known of the activity" in about and "<h2>Walking</h2>" in about
    assert shown(one, links["this registration"]).count("<time") == 2, "and by reference"
    assert second in shown(one, links["a statement that refers to it"])
    back = one.get("/browse", statement=second).text
    assert "the statement that it refers to" in back
    assert "What is known of the agent" in one.get("/browse", agent="walker@example.org").text
    assert one.get("/browse", statement="x").status_code == 200
    assert "must be a UUID" in one.get("/browse", statement="x").text


def test_all_that_a_filter_lets_through_is_a_file(one: Caller, statement: Make) -> None:
    verb = "https://v.example/counted"
    for start in range(0, 700, 350):
        one.post(
            [
                statement(
                    verb={"id": verb},
                    result={"success": True, "score": {"scaled": 0.5}, "response": "x"},
                    object={"id": f"https://o.example/{start + n}"},
                )
                for n in range(350)
            ]
        )
    one.post(statement(actor={"account": {"homePage": "https://h.example", "name": "=1+1"}}))
    lines = one.get("/browse/statements.ndjson", verb=verb)
    assert lines.headers["Content-Disposition"] == 'attachment; filename="statements.ndjson"'
    assert len({json.loads(line)["id"] for line in lines.text.splitlines()}) == 700
    table = list(csv.DictReader(io.StringIO(one.get("/browse/statements.csv", verb=verb).text)))
    assert len(table) == 700
    assert {row["object"] for row in table} == {f"https://o.example/{n}" for n in range(700)}
    assert (table[0]["success"], table[0]["score_scaled"]) == ("True", "0.5")
    whole = list(csv.reader(io.StringIO(one.get("/browse/statements.csv").text)))
    assert len(whole) == 702
    assert not [cell for row in whole for cell in row if cell.startswith("=")], "no formula"
    refused = one.get("/browse/statements.csv", verb="no iri")
    assert refused.status_code == 400 and "absolute IRI" in refused.text
    assert one.client.get("/browse/statements.csv").status_code == 401


def test_what_does_not_count_is_listed_and_counted_again(
    one: Caller, deps: AnalyticsDeps, tenant: Callable[..., Caller]
) -> None:
    person = Person().used(-9, 1)  # before the certification
    use = person.said[-1]
    post(one, person)
    count(deps)
    page = one.get("/browse/set-aside").text
    assert "a statement does not count" in page
    reason = re.search(r'name="reason" value="([^"]+)"', page)
    assert reason
    assert use["id"] in one.get("/browse/set-aside", reason=reason[1]).text
    fields = {"reason": reason[1], "token": token_in(page)}
    again = sent(one, "/browse/set-aside", **fields)
    assert "1 entry is counted again" in again.text
    other = token_in(tenant().get("/browse/set-aside").text)
    for wrong in ("", "x", other):
        refused = sent(one, "/browse/set-aside", **{**fields, "token": wrong})
        assert refused.status_code == 400, "no other site can send this form"
    reader = tenant(scopes=("metrics/read",))
    plain = reader.get("/browse/set-aside")
    assert plain.status_code == 200 and "Count again" not in plain.text
    assert use["id"] not in reader.get("/browse/set-aside", reason=reason[1]).text
    assert sent(reader, "/browse/set-aside", **fields).status_code == 403
    asked = one.client.get("/browse/set-aside")
    assert asked.status_code == 401 and asked.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize(("act", "merges"), [("merge", 1), ("apart", 0)])
def test_who_may_be_one_person_is_judged_once(
    one: Caller, deps: AnalyticsDeps, act: str, merges: int
) -> None:
    people = [Person(name="7"), Person(name="7")]
    for said in people[1].said:
        said["actor"] = {"account": {"homePage": "https://h.example/", "name": "7"}}
    post(one, *people)
    count(deps)
    page = one.get("/browse/people").text
    assert "differ by a slash" in page
    alias, agent = (
        re.search(rf'name="{name}" value="([^"]+)"', page)[1].replace("&#34;", '"')
        for name in ("alias", "agent")
    )
    answer = sent(one, "/browse/people", act=act, alias=alias, agent=agent, token=token_in(page))
    assert answer.status_code == 200 and "differ by a slash" not in answer.text
    held = one.get("/api/v1/person-merges").json["merges"]
    assert [merge["undone_at"] is None for merge in held].count(True) == merges
    again = sent(one, "/browse/people", act="x", alias=alias, agent=agent, token=token_in(page))
    assert again.status_code == 400


@pytest.mark.parametrize("number", ["1e400", "-1e99999", "0.1", "12345678901234567890123"])
def test_no_statement_keeps_the_page_from_its_readers(
    one: Caller, statement: Make, number: str
) -> None:
    sent = statement(
        id=str(uuid.uuid4()),
        context={"extensions": {TOLERATED: [{"rule": []}, 5], "https://e.example": "<b>"}},
        result={"score": {"raw": "NUMBER"}},
    )
    assert one.post(json.dumps(sent).replace('"NUMBER"', number)).status_code == 200
    for wanted in ({}, {"statement": sent["id"]}, {"part": "rows"}):
        page = one.get("/browse", **wanted)
        assert page.status_code == 200 and number in page.text and "<b>" not in page.text


@pytest.mark.parametrize(
    "agent",
    [
        {"mbox": 5},
        {"mbox": ["mailto:a@b.c"]},
        {"account": "x"},
        {"account": {"homePage": 5, "name": []}},
        {"mbox": f"mailto:{'x' * 100_000}@b.example"},
        {"mbox": "mailto:a\0@b.example"},
        {"objectType": "Group", "member": [{"mbox": "mailto:a@b.c"}]},
        {},
    ],
)
def test_only_a_person_is_merged_or_kept_apart(one: Caller, agent: dict[str, Any]) -> None:
    good = {"mbox": "mailto:somebody@example.org"}
    for path, more in (("person-merges", {"reason": "x"}), ("person-separations", {})):
        for pair in ({"alias": agent, "agent": good}, {"alias": good, "agent": agent}):
            answer = one.send("POST", f"/api/v1/{path}", json={**pair, **more})
            assert answer.status_code == 400, (path, answer.text)
            assert answer.json["error"]["where"]["path"].startswith("$.a")

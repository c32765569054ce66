"""Requests of public reports and public clients, judged by the words of the standard. Paragraphs
are of xAPI-Communication 1.0.3 where nothing else is named.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from core.settings import Settings
from lrs import operator_api
from lrs.actions import importing
from lrs.actions.deps import StoreDeps
from lrs.xapi.multipart import MultipartReader
from tests.support.multipart import BOUNDARY, described, mixed, part, send
from tests.support.store import Caller, body

Make = Callable[..., dict[str, Any]]
STATE, PROFILE = "/xapi/activities/state", "/xapi/activities/profile"
AGENT = '{"objectType":"Agent","mbox":"mailto:firstlast@mycompany.com","name":"First Last"}'
PLACE = {"activityId": "http://6RqRmZwBzUE_course_id", "agent": AGENT, "stateId": "resume"}
DATA = b"the file"


@pytest.mark.parametrize(
    "asked",
    [
        # LearningLocker/learninglocker#1236: Storyline. It allows all that is asked for, as the
        # npm package cors does.
        "authorization,content-type,x-experience-api-version",
        # what the servers of other players list
        "Cache-Control, If-Modified-Since, Pragma, X-Mx-ReqToken, DNT",
        "traceparent",  # W3C Trace Context, which monitors add to every request
    ],
)
def test_a_preflight_allows_what_the_content_asks_for(one: Caller, asked: str) -> None:
    """1.3: content of other origins. Who signs in by a header is at no risk."""
    headers = {
        "Origin": "https://content.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": asked,
    }
    answer = one.client.options(STATE, query_string=PLACE, headers=headers)
    allowed = {n.strip().lower() for n in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert answer.status_code == 204
    assert {name.strip().lower() for name in asked.split(",")} <= allowed
    assert {"authorization", "if-match", "x-experience-api-version"} <= allowed
    assert "Access-Control-Request-Headers" in answer.headers["Vary"]


@pytest.mark.parametrize("asked", ["", ",", "x y", "x:1", "ü", "x" * 5_000, "x,<script>"])
def test_a_preflight_that_asks_for_no_header_gets_the_usual_ones(one: Caller, asked: str) -> None:
    answer = one.client.options(STATE, headers={"Access-Control-Request-Headers": asked})
    assert answer.status_code == 204
    allowed = answer.headers["Access-Control-Allow-Headers"]
    assert allowed.removesuffix(", x").endswith("X-Requested-With")


@pytest.mark.parametrize(
    ("source", "version", "status"),
    [
        ("RusticiSoftware/TinCan_Prototypes#45, adlnet/ADL_LRS#160", None, 400),
        ("adlnet/xAPI-Spec#266: the bookmarklet", "1.0", 200),
        ("yetanalytics/lrsql PR 499", "1.0.1", 200),
        ("a blank behind it, as proxies leave it", "1.0.3 ", 200),
        ("a header set twice by XMLHttpRequest (Fetch, 2.2.2)", "1.0.3, 1.0.3", 400),
        ("a version of Tin Can", "0.95", 400),
    ],
)
@pytest.mark.parametrize("path", ["/xapi/statements", STATE, PROFILE])
def test_a_version_is_one_that_is_spoken(
    one: Caller, source: str, version: str | None, status: int, path: str
) -> None:
    """3.3: 1.0.x is accepted; anything else, and a document without one, is 400."""
    headers = {"Authorization": one.headers()["Authorization"]}
    if version is not None:
        headers["X-Experience-API-Version"] = version
    wanted = {STATE: PLACE, PROFILE: {"activityId": "https://a.example"}}.get(path, {"limit": "1"})
    wanted = {name: value for name, value in wanted.items() if name != "stateId"}
    assert one.client.get(path, query_string=wanted, headers=headers).status_code == status


@pytest.mark.parametrize(
    ("source", "query", "status"),
    [
        ("openfun/ralph#376", "activity=toto", 400),
        ("yetanalytics/lrsql PR 382", "from=2024", 400),
        ("adlnet/xapi-statement-viewer#9", "until=03%2F05%2F2015%202%3A12%20PM", 400),
        ("LearningLocker/learninglocker#723", "since=2015-01-01T00:00:00.0000000", 400),
        ("RusticiSoftware/launch#6", "agent=" + quote('{"mbox":["mailto:t@scorm.com"]}'), 400),
        ("an object that was never made JSON", "agent=%5Bobject%20Object%5D", 400),
        ("jQuery's cache: false", "_=1420113600", 400),
        ("3.2, unrecognised, by case", "Limit=1", 400),
        ("an agent with plus, quotes and a domain of its own", "", 200),
    ],
)
def test_a_query_is_answered_or_explained(
    one: Caller, source: str, query: str, status: int
) -> None:
    if not query:
        query = urlencode({"agent": '{"mbox":"mailto:o\'b+x@münchen.example","name":"\\"J\\""}'})
    answer = one.client.get(f"/xapi/statements?{query}", headers=one.headers())
    assert answer.status_code == status
    assert status == 200 or answer.json["error"]["message"]


def test_more_survives_what_clients_do_to_it(one: Caller, statement: Make) -> None:
    """TinCanPHP src/RemoteLRS.php moreStatements (19acfc8) puts it behind the server's root; other
    clients encode it again on their way."""
    one.post([statement() for _ in range(3)])
    more = body(one.get("/xapi/statements", limit=1))["more"]
    path, _, token = more.partition("more=")
    for spelled in (
        token,
        quote(token, safe=""),
        "".join(f"%{byte:02X}" for byte in token.encode()),
        f"{token}&limit=1&agent={quote(AGENT)}",
    ):
        answer = one.client.get(f"{path}more={spelled}", headers=one.headers())
        assert len(body(answer)["statements"]) == 1


WRITTEN = [
    ("adlnet/xAPIWrapper formatHash, fc39e33: a quoted star", PROFILE, "If-None-Match", '"*"', 204),
    ("RusticiSoftware/TinCanPHP saveActivityProfile, 19acfc8", PROFILE, "If-None-Match", "*", 204),
    ("LearningLocker/learninglocker#490", STATE, "If-Match", '"{}"', 204),
    ("quotes left out", STATE, "If-Match", "{}", 204),
    ("a weak tag, as proxies make it", STATE, "If-Match", 'W/"{}"', 204),
    ("a tag of nothing", STATE, "If-Match", "undefined", 412),
    ("a quote cut off", STATE, "If-Match", '"{}', 400),
    ("quotes within quotes", STATE, "If-Match", '""{}""', 400),
]


@pytest.mark.parametrize(("source", "path", "name", "value", "status"), WRITTEN)
def test_a_precondition_is_understood_as_it_was_meant(
    one: Caller, source: str, path: str, name: str, value: str, status: int
) -> None:
    """3.1."""
    query = {"activityId": "https://a.example", "profileId": "p"} if path == PROFILE else PLACE
    if path == STATE:
        assert one.send("PUT", path, query, data=b"[1]").status_code == 204
    headers = {name: value.format(hashlib.sha1(b"[1]", usedforsecurity=False).hexdigest())}
    written = one.send("PUT", path, query, data=b"[2]", headers=headers)
    assert written.status_code == status
    assert one.get(path, **query).data == (b"[2]" if status == 204 else b"[1]")


def test_a_state_is_what_was_put_last(one: Caller) -> None:
    """LearningLocker/learninglocker#1016: two lists; adaptlearning/adapt-contrib-xapi#69: there is
    none yet, or an empty one."""
    assert one.get(STATE, **PLACE).status_code == 404
    for sent in (b'["a"]', b'["b"]', b'""', b""):
        assert one.send("PUT", STATE, PLACE, data=sent, content_type="application/json").status_code
        assert one.get(STATE, **PLACE).data == sent


@pytest.mark.parametrize(
    ("stored", "sent", "status"),
    [
        ("application/json;charset=utf-8", "Application/JSON", 204),
        ("application/json", 'application/json; charset="UTF-8"', 204),
        ("application/json", "text/plain", 400),
        ("text/plain", "application/json", 400),
        ("application/merge-patch+json", "application/merge-patch+json", 400),
        (None, "application/json", 400),
    ],
)
def test_documents_of_json_are_merged_and_no_others(
    one: Caller, stored: str | None, sent: str, status: int
) -> None:
    """2.2: both documents are application/json, or 400."""
    kind = {"content_type": stored} if stored else {}
    assert one.send("POST", STATE, PLACE, data=b'{"a":1}', **kind).status_code == 204
    merged = one.send("POST", STATE, PLACE, data=b'{"b":2}', content_type=sent)
    assert merged.status_code == status
    assert one.get(STATE, **PLACE).data == (b'{"a":1,"b":2}' if status == 204 else b'{"a":1}')


@pytest.mark.parametrize("method", ["put", "PUT"])
def test_a_long_request_of_tincanjs_and_one_of_xapiwrapper(
    one: Caller, statement: Make, method: str
) -> None:
    """RusticiSoftware/TinCanJS src/Environment/Browser.js, 8733f14, sends what is longer than 2,048
    characters as a form with all its headers; adlnet/xAPIWrapper ie_request, fc39e33, with none
    outside (1.3)."""
    agent = json.dumps({**json.loads(AGENT), "name": "N" * 3_000})
    fields = {
        **one.headers(),
        **PLACE,
        "agent": agent,
        "Content-Type": "application/octet-stream",
        "Content-Length": "17",
        "If-None-Match": "*",
        "content": "ü & 100 % = {..}",
    }
    for status in (204, 412):
        answer = one.client.post(
            f"{STATE}?method={method}", data=urlencode(fields), content_type="text/plain"
        )
        assert answer.status_code == status
    fields = {**one.headers(), **PLACE, "agent": agent}
    read = one.client.post(f"{STATE}?method=GET", data=urlencode(fields))
    assert read.text == "ü & 100 % = {..}"


def test_what_is_no_header_of_the_form_syntax_is_a_parameter(one: Caller) -> None:
    """1.3: any form parameter that is not listed there is one of the query; 3.2: unknown is 400."""
    fields = {**one.headers(), "limit": "1", "Cache-Control": "no-cache"}
    answer = one.client.post("/xapi/statements?method=GET", data=urlencode(fields))
    assert (answer.status_code, answer.json["error"]["where"]["parameter"]) == (
        400,
        "Cache-Control",
    )


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json;charset=UTF-8", 200),
        ("Application/Json; Charset=utf8", 200),
        ('application/json; charset="utf-8"', 200),
        ("application/json, application/json", 400),
        ("text/json", 400),
    ],
)
def test_statements_come_as_json(one: Caller, statement: Make, kind: str, status: int) -> None:
    sent = json.dumps(statement())
    answer = one.send("POST", "/xapi/statements", data=sent, content_type=kind)
    assert answer.status_code == status


def described_once(statement: Make, **more: Any) -> bytes:
    return mixed(statement(attachments=[described(DATA, **more)]), part(DATA))


FORMS: list[tuple[str, Callable[[bytes], bytes], str, int]] = [
    (
        "RFC 2046, 5.1.1: a preamble",
        lambda whole: b"This is a multi-part message in MIME format.\r\n" + whole,
        "",
        200,
    ),
    ("RFC 2046, 5.1.1: a long one", lambda whole: b"x\r\n" * 400 + b"--x\r\n" + whole, "", 200),
    ("RFC 2046, 5.1.1: an epilogue", lambda whole: whole + b"that was all\r\n", "", 200),
    (
        "adlnet/ADL_LRS#413: a line before the first boundary, no blank behind a colon",
        lambda whole: b"\r\n" + whole.replace(b"Type: ", b"Type:").replace(b"Hash: ", b"Hash:"),
        "",
        200,
    ),
    (
        "adlnet/xAPIWrapper buildMultipartPost, fc39e33",
        lambda whole: whole.replace(
            b"json\r\n", b'json\r\nContent-Disposition: form-data; name="statement"\r\n', 1
        ),
        "",
        200,
    ),
    (
        "RusticiSoftware/TinCanJS#144: lengths of the parts",
        lambda whole: whole.replace(b"json\r\n", b"json; charset=UTF-8\r\nContent-Length:1886\r\n"),
        "",
        200,
    ),
    (
        "adlnet/lrs-conformance-test-suite#273: dashes",
        lambda whole: whole.replace(BOUNDARY.encode(), b"-------314159265358979323846"),
        "multipart/mixed; boundary=-------314159265358979323846",
        200,
    ),
    (
        "RFC 2046, 5.1.1: a boundary that needs its quotes",
        lambda whole: whole.replace(BOUNDARY.encode(), b"gc0pJq0M:08jU534c0p'()+_,-./:=? x"),
        'Multipart/Mixed; Charset=utf-8; Boundary="gc0pJq0M:08jU534c0p\'()+_,-./:=? x"',
        200,
    ),
    ("names in small letters", lambda whole: whole.replace(b"X-Exp", b"x-exp"), "", 200),
    (
        "adlnet/xAPI-Spec#917, adlnet/lrs-conformance-test-suite: each part says binary",
        lambda whole: whole.replace(b"Content-Transfer-Encoding: binary\r\n", b""),
        "",
        400,
    ),
    ("RFC 2046: lines end by CRLF", lambda whole: whole.replace(b"\r\n", b"\n"), "", 400),
    ("a preamble that never ends", lambda whole: b"x" * 1_000_000 + b"\r\n" + whole, "", 400),
    ("a preamble alone", lambda whole: b"This is a multi-part message.\r\n", "", 400),
    ("the type of forms", lambda whole: whole, f"multipart/form-data; boundary={BOUNDARY}", 400),
]


@pytest.mark.parametrize(
    ("change", "kind", "status"), [form[1:] for form in FORMS], ids=[form[0] for form in FORMS]
)
def test_a_multipart_body_is_read_as_rfc_2046_says(
    one: Caller, statement: Make, change: Callable[[bytes], bytes], kind: str, status: int
) -> None:
    """1.5.2: it MUST conform to multipart/mixed of RFC 2046."""
    kinds = {"content_type": kind} if kind else {}
    assert send(one, change(described_once(statement)), **kinds).status_code == status


def test_a_preamble_may_come_in_pieces(one: Caller, statement: Make) -> None:
    whole = b"a preamble\r\n--\r\n--a\r\n" + mixed(statement(id=str(uuid.uuid4())))
    reader = MultipartReader(
        f"multipart/mixed; boundary={BOUNDARY}",
        10_000,
        lambda: pytest.fail("there is no attachment"),
    )
    reader.feed(whole[index : index + 1] for index in range(len(whole)))
    assert json.loads(reader.first)["verb"]


@pytest.mark.parametrize("data", [b"", DATA])
def test_a_hash_is_found_in_either_case_and_an_empty_file_is_one(
    one: Caller, statement: Make, data: bytes
) -> None:
    """xAPI-Data 2.4.11: hexadecimal digits; a length of 0 is one."""
    sha2 = hashlib.sha256(data).hexdigest()
    batch = [
        statement(id=str(uuid.uuid4()), attachments=[described(data, sha2=spelled)])
        for spelled in (sha2, sha2.upper())
    ]
    for sent_as in (sha2, sha2.upper()):
        assert send(one, mixed(batch, part(data, sent_as))).status_code == 200
    for sent in batch:
        got = one.get("/xapi/statements", attachments="true", statementId=sent["id"]).data
        assert f"X-Experience-API-Hash: {sha2}\r\n\r\n".encode() + data + b"\r\n--" in got


@pytest.mark.parametrize(
    ("source", "token"),
    [
        ("adlnet/xAPI-Spec#905: the header alone", "eyJhbGciOiJSUzI1NiJ9"),
        ("adlnet/xAPI-Spec#672: no algorithm", "eyJhbGciOiJub25lIn0.{payload}."),
        ("adlnet/xAPI-Spec PR 846: the JSON serialization", '{{"payload":"{payload}"}}'),
        (
            "RFC 7515, 4.1.11: a critical extension",
            "eyJhbGciOiJSUzI1NiIsImNyaXQiOlsieCJdLCJ4IjoxfQ.{payload}.AA",
        ),
        ("RFC 7515, 4.1.6: x5c is a list", "eyJhbGciOiJSUzI1NiIsIng1YyI6IkFBQUEifQ.{payload}.AA"),
    ],
)
def test_a_signature_that_is_none_is_refused(
    one: Caller, statement: Make, source: str, token: str
) -> None:
    """xAPI-Data 2.6."""
    signed = base64.urlsafe_b64encode(json.dumps(statement()).encode()).decode().rstrip("=")
    data = token.format(payload=signed).encode()
    attachment = described(
        data,
        usageType="http://adlnet.gov/expapi/attachments/signature",
        contentType="application/octet-stream",
    )
    answer = send(one, mixed(statement(attachments=[attachment]), part(data)))
    assert answer.status_code == 400, source


def test_a_file_that_begins_with_a_byte_order_mark_is_imported_whole(
    lrs_settings: Settings, deps: StoreDeps, statement: Make, tmp_path: Path
) -> None:
    """RFC 8259, 8.1: who reads JSON may pass over the mark, which editors of Windows write."""
    operator_api.create_tenant(lrs_settings, "one", [("test", ("all",))], again=True)
    path = tmp_path / "statements.ndjson"
    lines = [json.dumps(statement(id=str(uuid.uuid4()))) for _ in range(2)]
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8-sig", newline="")
    refused: list[Any] = []
    run = importing.import_file(
        deps,
        tenant_id=1,
        path=path,
        report=lambda *said: refused.append(said),
        progress=lambda run, size: None,
        who="a test",
    )
    assert (refused, run.stored, run.lines) == ([], 2, 2)


def test_attachments_are_asked_for_by_pages_too(one: Caller, statement: Make) -> None:
    """yetanalytics/lrsql PR 32 and adlnet/xAPI-Spec#858: the answer is multipart whether there is
    one or not; RusticiSoftware/TinCanJS#140, #141: and so is that of its more link (2.1.3)."""
    one.post([statement() for _ in range(2)])
    first = one.get("/xapi/statements", attachments="true", limit=1)
    assert first.mimetype == "multipart/mixed"
    more = json.loads(first.data.split(b"\r\n\r\n", 1)[1].split(b"\r\n--")[0])["more"]
    assert one.client.get(more, headers=one.headers()).mimetype == "multipart/mixed"
    assert one.get("/xapi/statements", attachments="false").mimetype == "application/json"


def test_a_part_is_found_by_its_hash_and_nothing_else(one: Caller, statement: Make) -> None:
    """yetanalytics/lrsql PR 29; 1.5.2: the store MUST NOT do so any other way."""
    sent = statement(attachments=[described(DATA, length=99, contentType="image/png")])
    assert send(one, mixed(sent, part(DATA))).status_code == 200


def test_what_refers_to_a_voided_statement_is_found_by_what_that_referred_to(
    one: Caller, statement: Make
) -> None:
    """LearningLocker/learninglocker#409: One scored, another verified it, a teacher voided the other's
    word; g3i/lxHive#235: the voiding statement is one like others (xAPI-Data 2.3.2)."""
    scored, verified, voiding = (str(uuid.uuid4()) for _ in range(3))
    learner, peer, teacher = ({"mbox": f"mailto:{name}@example.org"} for name in ("a", "b", "t"))

    def ref(to: str) -> dict[str, str]:
        return {"objectType": "StatementRef", "id": to}

    batch = [
        statement(id=scored, actor=learner),
        statement(id=verified, actor=peer, object=ref(scored)),
        statement(
            id=voiding,
            actor=teacher,
            verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
            object=ref(verified),
        ),
    ]
    for sent in batch:
        assert one.post(sent).status_code == 200
    found = body(one.get("/xapi/statements", agent=json.dumps(learner)))["statements"]
    assert [each["id"] for each in found] == [voiding, scored]
    assert one.get("/xapi/statements", statementId=verified).status_code == 404
    assert one.get("/xapi/statements", voidedStatementId=verified).status_code == 200


def test_the_requests_of_cmi5s_invalid_unit(one: Caller, statement: Make) -> None:
    """adlnet/CATAPULT lts 005-1-invalid-au: #35, two slashes and no agent is 400; #20, preferences
    that mean nothing are a document like others; #23, the same statement again is no conflict."""
    path, agent = "/xapi//agents/profile", {"agent": AGENT}
    wanted = {"profileId": "cmi5LearnerPreferences"}
    assert one.get(path, **wanted).status_code == 400
    assert one.get(path, **wanted, **agent).status_code == 404
    sent = b'{"languagePreference": "en-US,fr-FR,fr-BE", "audioPreference": "loud"}'
    made = one.send("POST", path, {**wanted, **agent}, data=sent, content_type="application/json")
    assert made.status_code == 204
    terminated = statement(id=str(uuid.uuid4()))
    assert {one.post(terminated).status_code for _ in range(2)} == {200}


def test_a_statement_of_another_content_under_the_same_id_is_a_conflict(
    one: Caller, statement: Make
) -> None:
    """LearningLocker/learninglocker#1115: Storyline; openedx/event-routing-backends PR 298 passes
    over it (2.1.1)."""
    sent = statement(id=str(uuid.uuid4()))
    assert one.post(sent).status_code == 200
    other = {**sent, "result": {"completion": True}}
    assert one.post(other).status_code == one.put(sent["id"], other).status_code == 409
    assert "result" not in body(one.get("/xapi/statements", statementId=sent["id"]))


ODD_STATEMENTS: list[dict[str, Any]] = [
    {"object": {"id": "javascript:alert(1)", "definition": {"name": {"en": "<script>x</script>"}}}},
    {"verb": {"id": "data:text/html,x", "display": {"ar": "\u202bأجاب\u202c"}}},
    {"actor": {"account": {"homePage": "javascript:x", "name": '"><img src=x>'}}},
    {"actor": {"mbox": 'mailto:"o\'b"+x@münchen.example', "name": "\u202egnp.exe"}},
    {"actor": {"account": {"homePage": "HTTPS://LMS.example", "name": "a\0b"}}},
    {"result": {"response": "x" * 200_000, "score": {"raw": 10**400}}},
    {"result": {"duration": "PT1,5S", "extensions": {"https://e.example/x": None}}},
    {"timestamp": "0001-01-01T00:00:00Z"},
    {"timestamp": "9999-12-31T23:59:59.999Z"},
    {"timestamp": "2016-12-31T23:59:60.999+14:00"},
]


@pytest.mark.parametrize("index", range(len(ODD_STATEMENTS)))
def test_an_odd_statement_is_shown_everywhere_and_runs_nowhere(
    one: Caller, statement: Make, index: int
) -> None:
    """What the standard takes, /browse, its files and every format have to stand."""
    sent = statement(id=str(uuid.uuid4()), **ODD_STATEMENTS[index])
    assert one.post(sent).status_code == 200
    for query in ({}, {"statement": sent["id"]}, {"agent": json.dumps(sent["actor"])}):
        page = one.get("/browse", **query)
        assert page.status_code == 200
        assert not any(
            found in page.text
            for found in ('href="javascript:', "<script>x", "<img src=x", '"data:')
        )
    for name in ("statements.csv", "statements.ndjson"):
        assert one.get(f"/browse/{name}").status_code == 200
    for version in ("1.0.3", "2.0.0"):
        one.version = version
        for form in ("exact", "ids", "canonical"):
            (found,) = body(one.get("/xapi/statements", format=form))["statements"]
            assert found["id"] == sent["id"]


COURSE = "http://6RqRmZwBzUE_course_id"


def test_content_of_authoring_tools_runs_with_the_token_of_its_launch(
    one: Caller, statement: Make
) -> None:
    """Storyline (LearningLocker/learninglocker#1236, #913): everything in a form, text/plain, the
    registration of the launch; ids of slides below the course; resume without a precondition."""
    wanted = {"actor": json.loads(AGENT), "activity": COURSE}
    made = one.send("POST", "/api/v1/launch-tokens", json=wanted).json
    token = Caller(one.client, made["key"], made["secret"], "1.0.1")
    registration = made["registration"]

    def form(method: str, path: str, **fields: str) -> Any:
        sent = urlencode({**token.headers(), **fields})
        address = f"{path}?method={method}"
        return one.client.post(address, data=sent, content_type="text/plain;charset=UTF-8")

    place = {"activityId": COURSE, "agent": AGENT, "registration": registration.upper()}
    assert form("GET", STATE, **place, stateId="resume").status_code == 404
    for page in ("2b1", "2c1"):
        saved = form("PUT", STATE, **place, stateId="resume", content=page)
        assert (saved.status_code, form("GET", STATE, **place, stateId="resume").text) == (
            204,
            page,
        )
    sent = statement(
        actor={"objectType": "Agent", "name": "F L", "mbox": "MAILTO:firstlast@MyCompany.com"},
        object={"id": f"{COURSE}/5um1CntGbHe/63mpEaD7XeB"},
        context={
            "registration": registration.upper(),
            "contextActivities": {"grouping": {"id": COURSE}, "parent": {"id": f"{COURSE}/5um"}},
        },
    )
    one_id = str(uuid.uuid4())
    written = form("PUT", "/xapi/statements", statementId=one_id, content=json.dumps(sent))
    assert written.status_code == 204, written.text
    assert body(form("GET", "/xapi/statements", statementId=one_id))["id"] == one_id
    elsewhere = {**place, "activityId": f"{COURSE}2"}
    assert form("GET", STATE, **elsewhere, stateId="resume").status_code == 403

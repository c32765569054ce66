"""The stored statement is the received bytes; what the server adds is spliced on."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.xapi.errors import StatementInvalid
from lrs.xapi.statement_equality import is_same_statement
from lrs.xapi.statement_parser import Authority, Incoming, StatementParser
from lrs.xapi.statement_rendering import render_statement, with_utc_timestamps

Make = Callable[..., dict[str, Any]]
AUTHORITY = b'{"objectType":"Agent","account":{"homePage":"https://h.example","name":"key"}}'
ORD = 1_795_000_000_123_456 << 10


def read(body: bytes | str, family_2_0: bool = False) -> list[Incoming]:
    return StatementParser(family_2_0).statements(
        body.encode() if isinstance(body, str) else body, Authority.from_json(AUTHORITY)
    )


def small(response: str = '"x"', extra: str = "") -> str:
    return (
        '{"actor":{"mbox":"mailto:a@example.org"},"verb":{"id":"https://v.example"},"object":{"id":"https://o.example"}'
        + f',"result":{{"extensions":{{"https://e.example":{response}}}}}{extra}}}'
    )


@pytest.mark.parametrize(
    "number", ["0.12345678901234567890", "12345678901234567890123", "1.10", "1e2", "-0.0"]
)
def test_numbers_keep_every_digit(number: str) -> None:
    (one,) = read(small(number))
    assert f'"https://e.example":{number}' in one.payload.decode()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_whatever_an_extension_holds_is_given_back_byte_for_byte(value: Any) -> None:
    sent = small(json.dumps(value, indent=1))
    (one,) = read(sent)
    answer = render_statement(one.payload, ORD, one.timestamp_given).decode()
    assert answer.startswith(sent[:-1])
    assert json.loads(answer)["result"]["extensions"]["https://e.example"] == value


def test_what_is_missing_is_added_and_what_was_sent_stays(statement: Make) -> None:
    (one,) = read(json.dumps(statement()))
    answer = json.loads(render_statement(one.payload, ORD, one.timestamp_given))
    assert answer["id"] == str(one.id)
    assert answer["version"] == "1.0.0"
    assert answer["authority"]["account"]["name"] == "key"
    assert answer["timestamp"] == answer["stored"] == "2026-11-18T11:06:40.123Z"
    (two,) = read(
        json.dumps(
            statement(
                id=str(uuid.UUID(int=7, version=4)),
                timestamp="2020-01-01T00:00:00Z",
                version="1.0.1",
            )
        )
    )
    answer = json.loads(render_statement(two.payload, ORD, two.timestamp_given))
    assert (answer["timestamp"], answer["version"]) == ("2020-01-01T00:00:00Z", "1.0.1")


def test_stored_and_authority_of_the_sender_do_not_survive(statement: Make) -> None:
    (one,) = read(
        json.dumps(
            statement(stored="2001-01-01T00:00:00Z", authority={"mbox": "mailto:boss@example.org"})
        )
    )
    text = render_statement(one.payload, ORD, one.timestamp_given).decode()
    assert "boss" not in text
    assert "2001" not in text
    assert text.count('"stored"') == 1


@pytest.mark.parametrize(
    "body",
    [
        '{"actor":{"mbox":"mailto:a@example.org","mbox":"mailto:b@example.org"},"verb":{"id":"https://v.example"},"object":{"id":"https://o.example"}}',
        small(extra=',"verb":{"id":"https://v.example"}'),
        small('{"a":1,"a":2}'),
        small('{"a":":","\\u003a":1,"a":2}'),
    ],
)
def test_a_name_that_stands_twice_in_one_object_is_refused(body: str) -> None:
    with pytest.raises(StatementInvalid, match="twice"):
        read(body)


def test_colons_inside_texts_are_no_duplicates() -> None:
    read(small('{"a":":::","b":"\\u003a"}'))


@pytest.mark.parametrize(
    "body", ["", "x", "[", "[1]", '"text"', "null", "[{}]", b"\xff\xfe", '{"a":NaN}', "[" * 100_000]
)
def test_what_is_no_statement_is_refused_and_never_breaks(body: str | bytes) -> None:
    with pytest.raises(StatementInvalid):
        read(body)


def test_the_error_names_the_place_in_the_batch(statement: Make) -> None:
    with pytest.raises(StatementInvalid) as refused:
        read(json.dumps([statement(), statement(verb={})]))
    assert refused.value.where == {"path": "$.verb.id", "index": 1}
    assert "Nothing of this request was stored" in str(refused.value.message)


def test_one_id_twice_in_a_batch_is_refused(statement: Make) -> None:
    twice = statement(id="3f1c8a52-9d5e-4f3c-8a68-0f5e9ec1a001")
    with pytest.raises(StatementInvalid, match="twice"):
        read(json.dumps([twice, twice]))


def test_what_is_nested_without_end_is_refused_and_what_is_only_wide_is_not() -> None:
    with pytest.raises(StatementInvalid, match="nested deeper"):
        read(small("[" * 500 + "]" * 500))
    read(small("[" + ",".join("[]" for _ in range(500)) + "]"))


def test_many_names_are_looked_through_once() -> None:
    names = ",".join(f'"https://e.example/{n}":1' for n in range(20_000))
    read(small('{"\\u003c":1}', extra=f',"context":{{"extensions":{{{names}}}}}'))


def test_a_number_beyond_all_measure_equals_itself() -> None:
    assert same("1e-99999999999999999999", "1e-99999999999999999999")
    assert not same("1e-99999999999999999999", "1e-99999999999999999998")


def test_an_empty_batch_is_taken() -> None:
    assert read("[]") == []


def same(a: str, b: str) -> bool:
    return is_same_statement(read(small(a))[0].payload, read(small(b))[0].payload)


def test_equality_ignores_what_the_server_set_and_the_writing_of_a_number() -> None:
    assert same("1.0", "1")
    assert same("1e2", "100")
    assert same('{"a":1,"b":2}', '{ "b":2, "a":1 }')
    assert not same("true", "1")
    assert not same("0.12345678901234567890", "0.12345678901234567891")
    assert not same('"1"', "1")


def test_equality_counts_a_timestamp_only_where_both_sent_one(statement: Make) -> None:
    without = read(json.dumps(statement()))[0].payload
    early = read(json.dumps(statement(timestamp="2020-01-01T00:00:00Z")))[0].payload
    late = read(json.dumps(statement(timestamp="2021-01-01T00:00:00Z")))[0].payload
    assert is_same_statement(without, early)
    assert not is_same_statement(early, late)


@pytest.mark.parametrize(
    ("sent", "given"),
    [
        # As in adlnet/xapi-profiles issues 267 and 268, which quote IEEE 9274.1.1.
        ("2023-05-04T12:00:00.000-05:00", "2023-05-04T17:00:00.000Z"),
        ("2023-05-04T12:00:00Z", "2023-05-04T12:00:00Z"),
        ("2023-12-31T23:30:00.123456789-01:00", "2024-01-01T00:30:00.123456789Z"),
        ("2016-12-31T23:59:60+00:00", "2016-12-31T23:59:60+00:00"),
    ],
)
def test_an_answer_of_2_0_gives_timestamps_in_utc_and_leaves_the_rest(
    sent: str, given: str
) -> None:
    def written(text: str, outside: str) -> str:
        inner = f'"timestamp": "{text}","result":{{"response":"\\u00e9 {outside}"}}'
        return (
            small('{"timestamp":"2023-05-04T12:00:00-05:00"}').replace(
                '"object":{"id":"https://o.example"}',
                '"object":{"objectType":"SubStatement","actor":{"mbox":"mailto:a@example.org"},'
                f'"verb":{{"id":"https://v.example"}},"object":{{"id":"https://o.example"}},{inner}}}',
            )[:-1]
            + f',"timestamp":"{text}"}}'
        )

    (one,) = read(written(sent, sent), family_2_0=True)
    got, expected = (
        json.loads(text) for text in (with_utc_timestamps(one.payload), written(given, sent))
    )
    assert {name: got[name] for name in expected} == expected
    assert b"\\u00e9" in with_utc_timestamps(one.payload)

"""One secret signs and seals; after a rotation the old one still opens what it closed."""

from __future__ import annotations

import pytest

from core.errors import BadInput, FatalError
from core.secrets import Secrets

OLD, NEW = Secrets("old" * 20), Secrets("new" * 20, "old" * 20)


def test_what_was_sealed_opens_again_also_after_a_rotation() -> None:
    sealed = OLD.seal("purpose", "the text")
    assert "the text" not in sealed
    assert NEW.unseal("purpose", sealed) == "the text"


def test_another_key_or_another_purpose_opens_nothing() -> None:
    sealed = OLD.seal("purpose", "the text")
    with pytest.raises(FatalError, match="CARRYOVER_SECRET_KEY"):
        Secrets("other" * 20).unseal("purpose", sealed)
    with pytest.raises(FatalError):
        OLD.unseal("another purpose", sealed)


def test_a_signed_value_comes_back_and_an_altered_one_does_not() -> None:
    token = OLD.sign("page", {"after": 5})
    assert NEW.verify_token("page", token, 60) == {"after": 5}
    value, dot, signature = token.rpartition(".")
    other = (
        "A" if signature[0] != "A" else "B"
    )  # its first letter: of the last one, two bits mean nothing
    with pytest.raises(BadInput):
        NEW.verify_token("page", f"{value}{dot}{other}{signature[1:]}", 60)
    with pytest.raises(BadInput):
        NEW.verify_token("another page", token, 60)


def test_the_current_key_hashes_first() -> None:
    assert NEW.keyed_hashes("p", "secret")[1] == OLD.keyed_hashes("p", "secret")[0]
    assert NEW.keyed_hashes("p", "secret")[0] != OLD.keyed_hashes("p", "secret")[0]

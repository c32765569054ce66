"""A wrong setting is one sentence that names it; a secret never shows."""

from __future__ import annotations

import pytest

from core import settings
from core.errors import FatalError


def test_the_defaults_serve_this_machine() -> None:
    read = settings.read_settings({})
    assert read.base_url == "http://127.0.0.1:8080"
    assert read.lrs_url == "http://127.0.0.1:8080"
    assert not read.allow_private_platforms


def test_the_base_url_follows_the_port_unless_it_is_set() -> None:
    assert settings.read_settings({"PORT": "9000"}).base_url == "http://127.0.0.1:9000"
    assert (
        settings.read_settings(
            {"PORT": "9000", "CARRYOVER_BASE_URL": "https://learn.example.org/"}
        ).base_url
        == "https://learn.example.org"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("CARRYOVER_DATABASE_URL", "mysql://u:hunter2@h/d"),
        ("CARRYOVER_REDIS_URL", "http://h"),
        ("CARRYOVER_REDIS_URL", "redis://h:abc"),
        ("CARRYOVER_DATABASE_URL", "postgresql://u:hunter2@h:abc/d"),
        ("CARRYOVER_BASE_URL", "http://[x"),
        ("CARRYOVER_LRS_URL", "http://"),
        ("CARRYOVER_SECRET_KEY", "short"),
        ("CARRYOVER_ALLOW_PRIVATE_PLATFORMS", "yes"),
        ("CARRYOVER_DEFAULT_VERSION", "1.0"),
        ("CARRYOVER_LOG_LEVEL", "LOUD"),
        ("CARRYOVER_WEB_WORKERS", "0"),
    ],
)
def test_a_wrong_value_ends_with_a_sentence_that_names_the_setting(name: str, value: str) -> None:
    with pytest.raises(FatalError) as stopped:
        settings.read_settings({name: value})
    assert name in str(stopped.value)
    assert "hunter2" not in str(stopped.value)


def test_a_missing_setting_is_asked_for_by_name() -> None:
    with pytest.raises(FatalError, match="CARRYOVER_SECRET_KEY"):
        settings.read_settings({"CARRYOVER_DATABASE_URL": "postgresql://h/d"}).require(
            "CARRYOVER_DATABASE_URL", "CARRYOVER_SECRET_KEY"
        )


def test_secrets_stay_out_of_the_representation() -> None:
    secret = "s" * 40
    read = settings.read_settings(
        {"CARRYOVER_SECRET_KEY": secret, "CARRYOVER_DATABASE_URL": "postgresql://u:hunter2@h/d"}
    )
    assert secret not in repr(read)
    assert "hunter2" not in repr(read)

"""Signing in by the organisation's own provider: with a provider that is not ours, and with tokens
that nobody should take.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwcrypto.jwk import JWK

from lti_tool import operator_api
from lti_tool.people import people_import
from tests.support.listed_people import grant, person
from tests.support.tool import TOOL, Tool

with warnings.catch_warnings():
    # The provider is built on an older room of Authlib, which says so when it is opened.
    warnings.simplefilter("ignore")
    import oidc_provider_mock

# The provider speaks to Authlib in an older way, which says so.
pytestmark = pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning")
LIST = (
    b"id,name,email\nE1,One,one@example.org\nE2,Two,two@example.org\nE3,Three,three@example.org\n"
)


@pytest.fixture
def provider() -> Iterator[str]:
    """A provider with three people, at its address."""
    people = [
        oidc_provider_mock.User(
            sub="one", claims={"email": "One@example.org", "email_verified": True, "employee": "E1"}
        ),
        oidc_provider_mock.User(sub="two", claims={"email": "two@example.org", "employee": "E2"}),
        oidc_provider_mock.User(
            sub="liar", claims={"email": "one@example.org", "email_verified": False}
        ),
        oidc_provider_mock.User(
            sub="stranger", claims={"email": "stranger@example.org", "employee": "E9"}
        ),
    ]
    with oidc_provider_mock.run_server_in_thread(user_claims=people) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def office(tool: Tool) -> str:
    """The administration of an administrator; three people are on the list."""
    people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=LIST,
        apply=True,
        who="test",
        now=datetime.now(UTC),
    )
    link = (
        operator_api.TenantOperator(
            tool.deps.unit_of_work, tool.deps.settings, tool.tenant_id, "a test"
        )
        .create_admin_link()
        .removeprefix(TOOL)
    )
    opened: str = tool.browser.post(link, base_url="https://127.0.0.1:8080").location
    return opened


def use(tool: Tool, office: str, issuer: str, **fields: str) -> Any:
    page = tool.get(f"{office}sign-in")
    values = {
        "act": "use",
        "name": "Example Ltd",
        "issuer": issuer,
        "client_id": "carryover",
        "secret": "s3cret",
        "claim": "",
        **fields,
    }
    return tool.post(f"{office}sign-in", page, **values)


def sign_in(tool: Tool, subject: str) -> Any:
    """Through the provider's own page, as this person; gives the answer of our page."""
    front = tool.browser.get("/sign-in", base_url="https://127.0.0.1:8080")
    place = re.search(r"/sign-in/with/[0-9a-f-]+", front.text)
    assert place
    away = tool.browser.get(place[0], base_url="https://127.0.0.1:8080")
    assert away.status_code == 303 and "code_challenge_method=S256" in away.location
    with httpx.Client() as browser:
        back = browser.post(away.location, data={"sub": subject})
    assert back.status_code in (302, 303), back.text
    return come_back(tool, back.headers["location"])


def come_back(tool: Tool, address: str) -> Any:
    return tool.browser.get(
        address.removeprefix(TOOL), base_url="https://127.0.0.1:8080", follow_redirects=True
    )


def test_who_is_on_the_list_signs_in_and_gets_what_was_given(
    tool: Tool, office: str, provider: str
) -> None:
    used = use(tool, office, provider)
    assert "People now sign in there." in used.text and "s3cret" not in used.text
    assert "s3cret" not in str(tool.sql("SELECT * FROM lti_tool.sign_in_provider"))
    tool.sql(
        "INSERT INTO lti_tool.role_grant (tenant_id, person_id, role, granted_by) VALUES "
        "(:tenant, :person, 'training manager', 'test')",
        tenant=tool.tenant_id,
        person=person(tool, "E1").id,
    )
    page = sign_in(tool, "one")
    assert page.status_code == 200 and page.request.path.startswith("/t/")
    assert "Programmes" in page.text, "roles that were given open by signing in"
    assert tool.sql("SELECT person_id FROM lti_tool.launch WHERE message = 'signed in'") == [
        (person(tool, "E1").id,)
    ]


def test_the_list_s_id_names_people_who_share_an_address(
    tool: Tool, office: str, provider: str
) -> None:
    use(tool, office, provider)
    tool.sql("UPDATE lti_tool.person SET email = 'two@example.org' WHERE external_id = 'E3'")
    assert sign_in(tool, "two").status_code == 403, "two people have this address"
    use(tool, office, provider, claim="employee", secret="")
    assert sign_in(tool, "two").status_code == 200
    assert tool.sql("SELECT person_id FROM lti_tool.launch WHERE message = 'signed in'") == [
        (person(tool, "E2").id,)
    ]


@pytest.mark.parametrize("subject", ["stranger", "liar"])
def test_who_is_on_no_list_or_has_proven_no_address_is_let_in_nowhere(
    tool: Tool, office: str, provider: str, subject: str
) -> None:
    use(tool, office, provider)
    before = tool.rows("launch")
    page = sign_in(tool, subject)
    assert (
        page.status_code == 403
        and "its list here does not" in page.text
        and tool.rows("launch") == before
    )


def test_the_secret_of_one_provider_is_never_sent_to_another(
    tool: Tool, office: str, provider: str
) -> None:
    use(tool, office, provider)
    assert use(tool, office, tool.moodle.server.url, secret="").status_code == 400
    assert use(tool, office, provider, client_id="another", secret="").status_code == 400


def test_what_is_no_provider_says_why_and_a_removed_one_opens_nothing(
    tool: Tool, office: str, provider: str
) -> None:
    for issuer in ("", "no address", f"{provider}/other", "http://127.0.0.1:9"):
        answer = use(tool, office, issuer)
        assert answer.status_code == 400 and 'role="alert"' in answer.text
    assert tool.rows("sign_in_provider") == 0 and "/sign-in/with/" not in tool.get("/sign-in").text
    use(tool, office, provider)
    place = re.search(r"/sign-in/with/[0-9a-f-]+", tool.get("/sign-in").text)
    assert place
    tool.post(f"{office}sign-in", tool.get(f"{office}sign-in"), act="drop")
    assert tool.get(place[0]).status_code == 404


class Forger:
    """A provider whose tokens are made here, each with something wrong."""

    def __init__(self, tool: Tool) -> None:
        self.key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        self.server = tool.moodle.server
        self.url = self.server.url
        places = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "oidc-token",
            "jwks_uri": "oidc-keys",
        }
        configuration = {
            "issuer": self.url,
            **{name: f"{self.url}/{path}" for name, path in places.items()},
        }
        self.server.says("/.well-known/openid-configuration", (200, "OK", configuration))
        public = JWK.from_pyca(self.key.public_key()).export_public(as_dict=True)
        self.server.says(
            "/oidc-keys",
            (200, "OK", {"keys": [{**public, "kid": "k1", "use": "sig", "alg": "RS256"}]}),
        )

    def answer(
        self, claims: dict[str, Any], algorithm: str = "RS256", key: Any = None, kid: str = "k1"
    ) -> None:
        token = jwt.encode(claims, key or self.key, algorithm=algorithm, headers={"kid": kid})
        self.server.says(
            "/oidc-token",
            (200, "OK", {"id_token": token, "access_token": "x", "token_type": "Bearer"}),
        )


def begun(tool: Tool) -> tuple[str, str]:
    """Leave for the provider: (state, nonce)."""
    place = re.search(r"/sign-in/with/[0-9a-f-]+", tool.get("/sign-in").text)
    assert place
    asked = parse_qs(
        urlsplit(tool.browser.get(place[0], base_url="https://127.0.0.1:8080").location).query
    )
    return asked["state"][0], asked["nonce"][0]


def claims(forger: Forger, issued_nonce: str, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {
        "iss": forger.url,
        "sub": "1",
        "aud": "carryover",
        "exp": now + 300,
        "iat": now,
        "nonce": issued_nonce,
        "email": "one@example.org",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def test_a_genuine_token_of_the_forger_opens_so_that_the_others_fail_for_their_fault(
    tool: Tool, office: str
) -> None:
    forger = Forger(tool)
    use(tool, office, forger.url)
    state, nonce = begun(tool)
    forger.answer(claims(forger, nonce))
    assert come_back(tool, f"/sign-in/back?code=c&state={state}").status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://other.example"},
        {"aud": "somebody else"},
        {"aud": ["carryover", "other"], "azp": "other"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"iat": 99_999_999_999},
        {"sub": None},
        {"email": None},
        {"email": 7},
    ],
)
def test_a_token_with_one_wrong_claim_opens_nothing(
    tool: Tool, office: str, wrong: dict[str, Any]
) -> None:
    forger = Forger(tool)
    use(tool, office, forger.url)
    state, nonce = begun(tool)
    forger.answer(claims(forger, nonce, **wrong))
    before = tool.rows("launch")
    page = come_back(tool, f"/sign-in/back?code=c&state={state}")
    assert page.status_code == 403 and tool.rows("launch") == before


def test_a_token_that_another_key_signed_opens_nothing(tool: Tool, office: str) -> None:
    forger = Forger(tool)
    use(tool, office, forger.url)
    other = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    for how in ({"key": other}, {"key": "x" * 40, "algorithm": "HS256"}, {"kid": "k2"}):
        state, nonce = begun(tool)
        forger.answer(claims(forger, nonce), **how)
        assert come_back(tool, f"/sign-in/back?code=c&state={state}").status_code == 403
    state, nonce = begun(tool)
    unsigned = jwt.encode(claims(forger, nonce), "", algorithm="none", headers={"kid": "k1"})
    forger.server.says("/oidc-token", (200, "OK", {"id_token": unsigned}))
    assert come_back(tool, f"/sign-in/back?code=c&state={state}").status_code == 403


def test_of_two_keys_one_is_named(tool: Tool, office: str) -> None:
    forger = Forger(tool)
    use(tool, office, forger.url)
    state, nonce = begun(tool)
    public = JWK.from_pyca(forger.key.public_key()).export_public(as_dict=True)
    forger.server.says("/oidc-keys", (200, "OK", {"keys": [public, public]}))
    nameless = jwt.encode(claims(forger, nonce), forger.key, algorithm="RS256")
    forger.server.says("/oidc-token", (200, "OK", {"id_token": nameless}))
    assert come_back(tool, f"/sign-in/back?code=c&state={state}").status_code == 403


def test_who_did_not_begin_in_this_browser_is_not_let_in(tool: Tool, office: str) -> None:
    forger = Forger(tool)
    use(tool, office, forger.url)
    state, nonce = begun(tool)
    forger.answer(claims(forger, nonce))
    assert come_back(tool, "/sign-in/back?code=c&state=other").status_code == 400
    assert come_back(tool, "/sign-in/back?code=c&state=%C3%A9").status_code == 400
    assert come_back(tool, f"/sign-in/back?state={state}&error=access_denied").status_code == 400
    stranger = tool.stranger()
    assert (
        stranger.get(
            f"/sign-in/back?code=c&state={state}", base_url="https://127.0.0.1:8080"
        ).status_code
        == 400
    )


def test_a_provider_that_answers_nonsense_is_no_fault_of_ours(tool: Tool, office: str) -> None:
    forger = Forger(tool)
    use(tool, office, forger.url)
    nonsense: list[tuple[int, str, Any]] = [
        (500, "Error", ""),
        (200, "OK", "no json"),
        (200, "OK", {"id_token": 5}),
        (200, "OK", {"id_token": "a.b.c"}),
        (200, "OK", []),
    ]
    for answer in nonsense:
        state, _ = begun(tool)
        forger.server.says("/oidc-token", answer)
        assert come_back(tool, f"/sign-in/back?code=c&state={state}").status_code == 403


def test_only_who_administers_the_whole_tenant_chooses_it(tool: Tool) -> None:
    tool.launch("launch-resource-teacher")
    grant(tool, "training manager")
    office = tool.launch("launch-resource-teacher").location
    assert tool.get(f"{office}admin/sign-in").status_code == 403

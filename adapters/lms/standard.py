"""LTI 1.3, Deep Linking 2.0, AGS 2.0, NRPS 2.0, Course Groups 1.0 and dynamic registration as
specified: what every LMS understands.

A product's file holds only its differences, each with the observed case as the reason.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit, urlunsplit

from adapters.lms.claims import (
    CUSTOM_PARAMETERS,
    MAX_ID_LENGTH,
    MAX_SOURCED_ID_LENGTH,
    MAX_TEXT_LENGTH,
    MAX_URL_LENGTH,
    join_name,
)
from adapters.lms.models import (
    ContentItem,
    CourseGroup,
    Grade,
    GradebookResult,
    LineItem,
    LmsRequest,
    RegistrationResponse,
    ResponseOutcome,
    ResponseVerdict,
    Role,
    RosterMember,
    ToolFacts,
)
from adapters.lms.rights import STANDARD, RightsByRole
from adapters.lms.tool_configuration import TOOL_CONFIGURATION
from core.clock import format_instant
from core.errors import BadInput
from core.http_client import url_origin
from core.messages import Message, join_messages, lazy_gettext

SERVICE_SCOPES = "https://purl.imsglobal.org/spec/"  # what the scope of any service begins with
SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
LINE_ITEM_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
READ_LINE_ITEM_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly"
RESULT_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
ROSTER_SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
SCOPES = (LINE_ITEM_SCOPE, READ_LINE_ITEM_SCOPE, RESULT_SCOPE, SCORE_SCOPE, ROSTER_SCOPE)
# Asked for where the LMS names it: few have groups, and some refuse a request with a scope that
# they do not know.
GROUPS_SCOPE = "https://purl.imsglobal.org/spec/lti-gs/scope/contextgroup.readonly"

# To look at the tool's own registration and to change it. Asked for where the LMS offers it.
REGISTRATION_SCOPE = "https://purl.imsglobal.org/spec/lti-reg/scope/registration"

REQUESTED_CLAIMS = ("iss", "sub", "name", "given_name", "family_name", "email")
_LINE_ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
_LINE_ITEMS_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"
_SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
_RESULTS_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"
_MEMBERS_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
_GROUPS_TYPE = "application/vnd.ims.lti-gs.v1.contextgroupcontainer+json"

# Worth a retry although they are 4xx: unauthorized, request timeout, too early, too many
# requests.
_RETRYABLE_STATUSES = frozenset((401, 408, 425, 429))
# Upper limit for the wait that an LMS may ask for; the sender's own backoff grows longer.
_MAX_WAIT_SECONDS = 3_600
_MAX_REASON_LENGTH = 300
_MAX_TOKEN_LENGTH = 8_000  # of a token for a registration
_MAX_DIGITS = 9  # Digits in a number of seconds.
_ID_BITS = 64  # Of a number that is an id.


class StandardDialect:
    """An LMS that conforms to the specifications."""

    family = "standard"
    label = "The LMS"
    # Codes by which it names itself (tool_platform, product_family_code), beside ``family``.
    product_codes: tuple[str, ...] = ()
    rights: RightsByRole = STANDARD
    # How a service answers a token that has ended.
    ended_token_statuses = frozenset((401,))
    # How it answers a score that it took, and one that it passed over as not newer, alike.
    unsure_statuses: frozenset[int] = frozenset()
    # Whether what is sent names its media type under Accept, too.
    accepts_what_is_sent = False
    # Scopes that it gives although its launches do not name them.
    unnamed_scopes: frozenset[str] = frozenset()
    # Whether its last page of a roster names an earlier one as the next.
    roster_ends_by_repeating = False
    # The role with which people launch whom rosters call learners; empty where rosters tell it.
    role_hidden_by_rosters = ""
    # Whether each school's pages lie on a host of its own, which its launches tell.
    shown_on_other_hosts = True

    # Whether all its schools share one client id, and deployments alone tell them apart.
    client_of_all_schools = False
    # Whether a registration's token says that an existing registration is to be brought up to date
    # (is_update_token), and whether that token also shows what the LMS holds.
    tells_updates = shows_registration_to_update = False
    # Whether an administrator of the LMS accepts a change before it holds.
    reviews_updates = False

    # What an administrator does in the product for each step of its setting up, by the names of its
    # screens (docs/install-other.md).
    setup_advice: ClassVar[Mapping[str, Message]] = {
        "launch": lazy_gettext("Open an activity of the tool in the LMS, as a trial."),
        "names": lazy_gettext(
            "Let the LMS share names and e-mail addresses with the tool. It works without them, "
            "but people then stand there without a name."
        ),
        "roster": lazy_gettext(
            "Let the LMS give the tool the members of a course (Names and Role Provisioning), then"
            " open an activity again."
        ),
        "grades": lazy_gettext(
            "Let the LMS take line items and scores from the tool (Assignment and Grade Services),"
            " then open an activity again."
        ),
        "content": lazy_gettext(
            "In a course, add an activity of this tool and choose its content (deep linking)."
        ),
        "placed": lazy_gettext("Put an activity of this tool into a course."),
    }

    # Where it names no product: its issuers, the host that they end with, and a part of the
    # address of its authorization.
    issuers: frozenset[str] = frozenset()
    issuer_host = login_path = ""

    def recognizes(self, issuer: str, auth_login_url: str) -> bool:
        """Whether these addresses are those of this product."""
        host = urlsplit(issuer).hostname or ""
        return (
            issuer in self.issuers
            or bool(self.issuer_host and host.endswith(self.issuer_host))
            or bool(self.login_path and self.login_path in auth_login_url)
        )

    def hides_teachers(self) -> bool:
        """Whether a roster calls somebody a learner who launches as a teacher."""
        hidden = self.role_hidden_by_rosters
        return bool(hidden) and self.rights.course_role([hidden]) is Role.TEACHER

    def login_is_for(self, client_id: str, login_hint: str) -> bool:
        """Whether a login without a client id is one of this client; False if it does not say."""
        return False

    def default_audience(self, auth_token_url: str) -> str:
        """The audience of a token request where nothing else is known (security framework 1.0,
        4.1.1)."""
        return auth_token_url

    # --- grades

    def score(self, line_item_url: str, grade: Grade, token: str) -> LmsRequest:
        """A score for a line item (AGS 2.0, 3.4); ValueError for one outside its range."""
        if (
            not math.isfinite(grade.score)
            or not 0 <= grade.score <= grade.maximum
            or grade.maximum <= 0
        ):
            raise ValueError(f"a grade of {grade.score} out of {grade.maximum} is none")
        body: dict[str, Any] = {
            "userId": grade.subject,
            "scoreGiven": grade.score,
            "scoreMaximum": grade.maximum,
            "activityProgress": "Completed",
            "gradingProgress": "FullyGraded",
            "timestamp": format_instant(grade.at),
        }
        if grade.comment:
            body["comment"] = grade.comment
        body |= self._score_extras(grade)
        return self._json_request(
            "POST", _append_path(line_item_url, "scores"), _SCORE_TYPE, body, token
        )

    def _score_extras(self, grade: Grade) -> dict[str, Any]:
        return {}

    def results(self, line_item_url: str, subject: str, token: str) -> LmsRequest:
        """Request the gradebook's result of a person (AGS 2.0, 3.5)."""
        return self._get_request(
            add_query(_append_path(line_item_url, "results"), user_id=subject),
            _RESULTS_TYPE,
            token,
        )

    def results_page_request(self, url: str, token: str) -> LmsRequest:
        """Request a page of all results of a column; ``url`` is from :meth:`results_url`,
        or from a page's Link header."""
        return self._get_request(url, _RESULTS_TYPE, token)

    def results_url(self, line_item_url: str) -> str:
        """URL of the first page of all results of a column."""
        return _append_path(line_item_url, "results")

    def read_results(self, body: Any) -> list[tuple[str, float]]:
        """(subject, share from 0 to 1) for everybody on a page who has a score."""
        result = []
        for entry in body if isinstance(body, list) else []:
            if not isinstance(entry, dict):
                continue
            score, maximum = _finite_float(entry.get("resultScore")), _result_maximum(entry)
            if (
                score is not None
                and maximum is not None
                and maximum > 0
                and isinstance(entry.get("userId"), str | int)
            ):
                result.append((str(entry["userId"]), min(max(score / maximum, 0.0), 1.0)))
        return result

    def read_result(self, body: Any, subject: str) -> GradebookResult:
        """The person's result in the response; an empty one if there is none."""
        for entry in body if isinstance(body, list) else []:
            if isinstance(entry, dict) and str(entry.get("userId")) == subject:
                return GradebookResult(
                    _finite_float(entry.get("resultScore")), _result_maximum(entry)
                )
        return GradebookResult(None, None)

    def outcome(
        self, status: int, reason: str, headers: Mapping[str, str], body: bytes
    ) -> ResponseOutcome:
        """Interpret the response to a score."""
        if status in self.unsure_statuses:
            return ResponseOutcome(
                ResponseVerdict.NOT_NEWER,
                lazy_gettext("%(lms)s did not say whether it kept the grade.", lms=self.label),
            )
        if 200 <= status < 300:
            return ResponseOutcome(ResponseVerdict.ACCEPTED, Message(""))
        answer = lazy_gettext(
            "%(lms)s answered %(status)s: %(reason)s",
            lms=self.label,
            status=status,
            reason=refusal_reason(reason, body) or lazy_gettext("no reason given"),
        )
        if status == 409:
            return ResponseOutcome(
                ResponseVerdict.NOT_NEWER,
                lazy_gettext(
                    "%(answer)s. The gradebook holds a grade that is as new as this one.",
                    answer=answer,
                ),
            )
        if status in _RETRYABLE_STATUSES or status >= 500 or not 400 <= status < 500:
            return ResponseOutcome(
                ResponseVerdict.RETRY_LATER,
                answer,
                parse_retry_after(headers.get("retry-after", "")),
            )
        return ResponseOutcome(
            ResponseVerdict.REJECTED,
            join_messages([answer, self._advice(status, reason, body)], ". "),
        )

    def _advice(self, status: int, reason: str, body: bytes) -> Message:
        if status == 404:
            return lazy_gettext(
                "The column was removed from the gradebook; sending again makes a new one where "
                "the LMS lets the tool do so."
            )
        if status == 403:
            return lazy_gettext(
                "Ask the administrator to let this tool send grades, then send it again."
            )
        return lazy_gettext(
            "Look whether the person is a student of this course and whether the course is open, "
            "then send it again."
        )

    # --- columns of the gradebook

    def find_line_items(
        self, line_items_url: str, token: str, resource_id: str = "", tag: str = ""
    ) -> LmsRequest:
        """Request the columns, either all or those of a resource or with a tag (AGS 2.0,
        3.2.3). No limit is sent: without one an LMS returns everything it has, and pages come
        with a Link header."""
        wanted = {
            name: value for name, value in (("resource_id", resource_id), ("tag", tag)) if value
        }
        return self._get_request(add_query(line_items_url, **wanted), _LINE_ITEMS_TYPE, token)

    def line_item(self, url: str, token: str) -> LmsRequest:
        """Request one column (AGS 2.0, 3.2.4)."""
        return self._get_request(url, _LINE_ITEM_TYPE, token)

    def read_line_items(self, body: Any) -> list[LineItem]:
        """The columns in a response; invalid entries are skipped."""
        return [
            item
            for entry in (body if isinstance(body, list) else [])
            if (item := self.read_line_item(entry)) is not None
        ]

    def read_line_item(self, entry: Any, asked_url: str = "") -> LineItem | None:
        """One column, or None if the entry is invalid. ``asked_url``: the address that was asked
        for it, which stands for an id that is none."""
        url = entry.get("id") if isinstance(entry, dict) else None
        if isinstance(entry, dict) and not (isinstance(url, str) and url_origin(url)):
            # OpenOlat names the course element instead (LTI13ServiceImpl.java getLineItem).
            url = asked_url
        if (
            not isinstance(url, str)
            or not url_origin(url)
            or url != _clean_text(url, MAX_URL_LENGTH)
        ):
            return None
        texts = [
            _clean_text(entry.get(name))
            for name in (
                *("label", "resourceId", "tag", "resourceLinkId"),
                *("startDateTime", "endDateTime"),
            )
        ]
        return LineItem(
            texts[0],
            _finite_float(entry.get("scoreMaximum")) or 0,
            texts[1],
            texts[2],
            url,
            *texts[3:],
        )

    def create_line_item(self, line_items_url: str, item: LineItem, token: str) -> LmsRequest:
        """Create a column (AGS 2.0, 3.2.5)."""
        return self._json_request(
            "POST", line_items_url, _LINE_ITEM_TYPE, self.line_item_body(item), token
        )

    def update_line_item(self, item: LineItem, token: str) -> LmsRequest:
        """Change a column's label or maximum (AGS 2.0, 3.2.6)."""
        return self._json_request(
            "PUT", item.url, _LINE_ITEM_TYPE, self.changed_line_item_body(item), token
        )

    def changed_line_item_body(self, item: LineItem) -> dict[str, Any]:
        """A column as a change of it names it."""
        return {"id": item.url, **self.line_item_body(item)}

    def delete_line_item(self, url: str, token: str) -> LmsRequest:
        """Delete a column together with its grades (AGS 2.0, 3.2.8)."""
        return LmsRequest("DELETE", url, self._write_headers(_LINE_ITEM_TYPE, token))

    def line_item_body(self, item: LineItem) -> dict[str, Any]:
        """A column as AGS and Deep Linking represent it, without its URL."""
        body: dict[str, Any] = {
            "label": item.label,
            "scoreMaximum": item.maximum,
            "resourceId": item.resource_id,
            "tag": item.tag,
        }
        further = {
            "resourceLinkId": item.resource_link_id,
            "startDateTime": item.starts,
            "endDateTime": item.ends,
        }
        return body | {name: value for name, value in further.items() if value}

    # --- roster

    def members(self, url: str, token: str) -> LmsRequest:
        """Request a page of the roster (NRPS 2.0, 2.4); further pages follow from the Link
        header."""
        return self._get_request(url, _MEMBERS_TYPE, token)

    def roster_url(self, url: str) -> str:
        """The roster's address that a launch names; empty where that roster is of no use."""
        return url

    def read_members(self, body: Any) -> tuple[list[RosterMember], int]:
        """The members on a page, and how many entries of it name nobody; ValueError if it is not a
        roster page, so that it does not count as read."""
        if not isinstance(body, dict) or not isinstance(body.get("members"), list):
            raise ValueError("the answer holds no members")
        read = [self._member(entry) for entry in body["members"]]
        members = [member for member in read if member is not None]
        return members, len(read) - len(members)

    def _member(self, entry: Any) -> RosterMember | None:
        if not isinstance(entry, dict):
            return None
        subject = _service_id(entry.get("user_id"))
        if not subject:
            return None
        listed = entry.get("roles")
        # Older Sakai writes all roles as one text with commas (LTI13Servlet handleNamesAndRoles).
        texts = [role for role in (listed if isinstance(listed, list) else []) if _is_text(role)]
        roles = [role.strip() for text in texts for role in text.split(",")]
        role = self.rights.course_role(roles)
        # A roster lists the course's people: an LMS administrator without a role in the course
        # is not one of them.
        name = join_name(
            *(_clean_text(entry.get(part)) for part in ("name", "given_name", "family_name"))
        )
        # Without a status somebody is active (Names and Roles 2.0, 2.2).
        status = entry.get("status") or "Active"
        active = str(status).lower() == "active" and role.takes_part
        return RosterMember(
            subject,
            role,
            active,
            name,
            _clean_text(entry.get("email")),
            _clean_text(entry.get("lis_person_sourcedid"))[:MAX_SOURCED_ID_LENGTH],
            _enrolled_group_ids(entry.get("group_enrollments")),
        )

    # --- groups of a course

    def groups(self, url: str, token: str) -> LmsRequest:
        """Request a page of the course's groups (Course Groups 1.0)."""
        return self._get_request(url, _GROUPS_TYPE, token)

    def read_groups(self, body: Any) -> tuple[list[CourseGroup], int]:
        """The groups on a page, and how many entries of it have no id or no name; ValueError if it
        is no page of groups, so that it does not count as read."""
        if not isinstance(body, dict) or not isinstance(body.get("groups"), list):
            raise ValueError("the answer holds no groups")
        entries = [entry if isinstance(entry, dict) else {} for entry in body["groups"]]
        read = [
            CourseGroup(_service_id(entry.get("id")), _clean_text(entry.get("name")))
            for entry in entries
        ]
        groups = [group for group in read if group.id and group.name]
        return groups, len(read) - len(groups)

    def following_groups_url(self, url: str, next_url: str) -> str:
        """Where the list goes on after the page at ``url`` whose Link header names ``next_url``."""
        return next_url

    # --- chosen content

    def content_item(self, item: ContentItem, tool: ToolFacts) -> dict[str, Any]:
        """Build an ltiResourceLink (Deep Linking 2.0, 3.1) that omits members which would be
        null."""
        result: dict[str, Any] = {
            "type": "ltiResourceLink",
            "title": item.title,
            "url": tool.launch_url,
            "custom": dict(item.custom),
        }
        if item.text:
            result["text"] = item.text
        if item.line_item is not None:
            result["lineItem"] = self.line_item_body(item.line_item)
        available = {
            name: format_instant(at)
            for name, at in (("startDateTime", item.opens_at), ("endDateTime", item.closes_at))
            if at is not None
        }
        if available:
            result["available"] = available
        if item.closes_at is not None:
            result["submission"] = {"endDateTime": format_instant(item.closes_at)}
        return result

    # --- installation

    def registration(self, tool: ToolFacts) -> dict[str, Any]:
        """Build the body of a dynamic registration (LTI Dynamic Registration 1.0, 3.5)."""
        deep_linking = {
            "type": "LtiDeepLinkingRequest",
            "target_link_uri": tool.launch_url,
            "label": tool.name,
        }
        return {
            "application_type": "web",
            "response_types": ["id_token"],
            "grant_types": ["implicit", "client_credentials"],
            "initiate_login_uri": tool.login_url,
            "redirect_uris": [tool.launch_url],
            "client_name": tool.name,
            "jwks_uri": tool.key_set_url,
            "logo_uri": tool.icon_url,
            "token_endpoint_auth_method": "private_key_jwt",
            "scope": " ".join(SCOPES),
            TOOL_CONFIGURATION: {
                "domain": urlsplit(
                    tool.base_url
                ).netloc,  # Includes the port: Moodle compares it with the host of target_link_uri.
                "description": tool.description,
                "target_link_uri": tool.launch_url,
                "custom_parameters": dict(CUSTOM_PARAMETERS),
                "claims": list(REQUESTED_CLAIMS),
                "messages": [{"type": "LtiResourceLinkRequest"}, deep_linking],
            },
        }

    def configuration_problem(
        self, issuer: str, configuration_url: str, endpoints: Sequence[str]
    ) -> Message | None:
        """Check whether an LMS's OpenID configuration is authoritative for an issuer and its
        endpoints (sign-in, tokens, keys): returns None if so, else the reason why not.

        LTI Dynamic Registration 1.0, 3.4: the configuration must be on the issuer's own host.
        """
        if url_origin(issuer) != url_origin(configuration_url):
            return lazy_gettext(
                "the issuer %(issuer)s is not at %(origin)s, where the configuration came from",
                issuer=issuer,
                origin=url_origin(configuration_url),
            )
        return None

    def assertion_audience(self, authorization_server: str) -> str:
        """Audience of an access token assertion, from the OpenID configuration (LTI Dynamic
        Registration 1.0, 3.4: "authorization_server" is used as aud). Empty means the token
        endpoint's URL; a value that is not an absolute URL cannot identify a token endpoint and
        is ignored."""
        return (
            authorization_server
            if url_origin(authorization_server) and len(authorization_server) <= MAX_URL_LENGTH
            else ""
        )

    def read_registration(self, body: Any) -> RegistrationResponse:
        """Read the LMS's response; BadInput if it has no client id."""
        client_id = body.get("client_id") if isinstance(body, dict) else None
        if isinstance(client_id, int) and not isinstance(client_id, bool):
            client_id = str(client_id)
        if (
            not isinstance(client_id, str)
            or not 0 < len(client_id) <= MAX_ID_LENGTH
            or "\0" in client_id
        ):
            raise BadInput(
                "The LMS answered the registration without a client_id, so nothing was kept. "
                "Start it again in the LMS."
            )
        configuration = body.get(TOOL_CONFIGURATION)
        deployment = configuration.get("deployment_id") if isinstance(configuration, dict) else None
        scope, token = body.get("scope"), body.get("registration_access_token")
        matching = isinstance(deployment, str | int) and not isinstance(deployment, bool)
        return RegistrationResponse(
            client_id,
            str(deployment)[:MAX_ID_LENGTH] if matching else "",
            tuple(scope.split()) if isinstance(scope, str) else (),
            _clean_text(body.get("registration_client_uri"), MAX_URL_LENGTH),
            token if isinstance(token, str) and _is_bearer_token(token) else "",
        )

    def is_update_token(self, token: str) -> bool:
        """Whether the token with which the LMS opened the registration says that it is for a tool
        that the LMS has already. Unproven: it makes us refuse more, and permits nothing."""
        return False

    def management_url(self, issuer: str, url: str) -> str:
        """The address at which the tool may change its registration, as it is called; empty where
        an LMS of this issuer cannot be there: a token goes to this address that whoever gets it
        could turn the tool's launches with."""
        return url if url_origin(url) and url_origin(url) == url_origin(issuer) else ""

    def look_at_registration(self, url: str, token: str) -> LmsRequest:
        """Request what the LMS holds of the tool (RFC 7592, 2.1)."""
        return self._get_request(url, "application/json", token)

    def change_registration(self, url: str, body: dict[str, Any], token: str) -> LmsRequest:
        """Replace what the LMS holds of the tool (RFC 7592, 2.2)."""
        return self._json_request("PUT", url, "application/json", body, token)

    def frame_origins(self, issuer: str, auth_login_url: str) -> list[str]:
        """Origins whose pages may embed ours in a frame."""
        return sorted({url_origin(issuer), url_origin(auth_login_url)} - {""})

    def relaunch_url(self, issuer: str, message_hint: str) -> str:
        """URL at which a browser that blocks cookies in frames can open the same activity in
        its own window; empty if unknown."""
        return ""

    # --- requests

    def _get_request(self, url: str, kind: str, token: str) -> LmsRequest:
        # Moodle requires the exact media type: */* and lists of types are answered with 400.
        return LmsRequest("GET", url, {"Authorization": f"Bearer {token}", "Accept": kind})

    def _json_request(
        self, method: str, url: str, kind: str, body: dict[str, Any], token: str
    ) -> LmsRequest:
        headers = {**self._write_headers(kind, token), "Content-Type": kind}
        return LmsRequest(method, url, headers, json.dumps(body).encode())

    def _write_headers(self, kind: str, token: str) -> dict[str, str]:
        accept = {"Accept": kind} if self.accepts_what_is_sent else {}
        return {"Authorization": f"Bearer {token}", **accept}


def _is_bearer_token(token: str) -> bool:
    fits = 0 < len(token) <= _MAX_TOKEN_LENGTH
    return fits and token.isascii() and token.isprintable() and " " not in token


def _append_path(line_item_url: str, part: str) -> str:
    """Insert ``/scores`` or ``/results`` before the query of a line item's URL; the query is
    kept."""
    parts = urlsplit(line_item_url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{part}"))


def add_query(url: str, **wanted: str) -> str:
    """Add parameters to the query of a URL."""
    parts = urlsplit(url)
    query = "&".join(filter(None, (parts.query, urlencode(wanted))))
    return urlunsplit(parts._replace(query=query))


def _result_maximum(entry: dict[str, Any]) -> float | None:
    """Where a result says no maximum, or null, it is 1 (AGS 2.0, 3.3.4.6); None where it is no
    number."""
    maximum = entry.get("resultMaximum")
    return 1.0 if maximum is None else _finite_float(maximum)


def _finite_float(value: Any) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # An integer with hundreds of digits.
        return None


def _service_id(value: Any) -> str:
    """An id in the answer of a service, a number as text; empty if it is none."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= _ID_BITS:
        value = str(value)
    if not isinstance(value, str) or len(value) > MAX_ID_LENGTH:
        return ""
    return value if value == value.replace("\0", "").encode("utf-8", "ignore").decode() else ""


def _enrolled_group_ids(value: Any) -> tuple[str, ...]:
    """The groups of a member (Course Groups 1.0, "within memberships"): a list of objects with
    group_id."""
    entries = value if isinstance(value, list) else []
    found = [_service_id(entry.get("group_id")) for entry in entries if isinstance(entry, dict)]
    return tuple(dict.fromkeys(group_id for group_id in found if group_id))


def _clean_text(value: Any, longest: int = MAX_TEXT_LENGTH) -> str:
    return (
        value.replace("\0", "").encode("utf-8", "ignore").decode().strip()[:longest]
        if isinstance(value, str)
        else ""
    )


def refusal_reason(reason: str, body: bytes) -> str:
    """The LMS's own error text, or an empty one: Moodle puts it into the reason phrase (followed by
    the whole request) and sends [] as the body."""
    text = body[: 4 * _MAX_REASON_LENGTH].decode("utf-8", "replace").strip()
    if text[:1] in ("", "[", "{", "<"):
        text = _json_error_text(body) or reason.partition("{")[0]
    return text.replace("\0", "").strip()[:_MAX_REASON_LENGTH].rstrip(".")


# Where products put their words, the plainest first: Canvas, Moodle, OAuth 2.0, Open edX (rosters;
# Django REST framework), problem details (RFC 9457).
_ERROR_MEMBERS = (
    *("message", "reason", "error_description", "explanation", "detail"),
    *("error", "errors", "title"),
)


def _json_error_text(body: bytes) -> str:
    try:
        result = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(result, dict):
        return ""
    first = (
        result["errors"][0]
        if isinstance(result.get("errors"), list) and result["errors"]
        else result
    )
    for name in _ERROR_MEMBERS:
        value = first.get(name) if isinstance(first, dict) else first
        if isinstance(value, str) and value:
            return value
        if isinstance(value, dict) and isinstance(value.get("message"), str):
            return str(value["message"])
    return _field_errors(result)


def _field_errors(result: dict[str, Any]) -> str:
    """What is said of single members, as Django REST framework does: {"timestamp": ["…"]}."""
    errors = [
        f"{name}: {value[0]}"
        for name, value in result.items()
        if isinstance(value, list) and value and _is_text(value[0])
    ]
    return "; ".join(errors)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def parse_retry_after(header: str) -> int | None:
    """Parse Retry-After (RFC 9110, 10.2.3): seconds or a date; None if it is neither."""
    if header.isascii() and header.isdigit():
        return (
            min(int(header), _MAX_WAIT_SECONDS) if len(header) <= _MAX_DIGITS else _MAX_WAIT_SECONDS
        )
    try:
        at = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    seconds = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return max(0, min(int(seconds), _MAX_WAIT_SECONDS))

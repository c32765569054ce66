"""Confirming who one is on the organisation's list: with a code from a mail, or from the
organisation's own sign-in."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput, Conflict, RequestError, TooManyRequests
from lti_tool.base.forms import MAX_EMAIL_LENGTH, form_text
from lti_tool.base.mail_outbox_store import SEND_MAILS
from lti_tool.base.page_context import PageContext, open_page
from lti_tool.base.roles import ALL_ROLES
from lti_tool.base.routes import Routes
from lti_tool.base.sessions_store import SIGNED_IN
from lti_tool.launch import rate_limits, sign_in
from lti_tool.people import identity_links

ROUTES = Routes("joining", "/t/<uuid:launch_id>/confirm", open_page)
MAX_CODE_LENGTH = 100  # more than any code has, with whatever was pasted around it


@ROUTES.get("", roles=ALL_ROLES)
def show_confirmation(page: PageContext) -> ResponseReturnValue:
    return _render_confirmation(page)


@ROUTES.post("", roles=ALL_ROLES)
def submit_confirmation(page: PageContext) -> ResponseReturnValue:
    act, who, now = form_text("act"), page.who, clock.now()
    try:
        if act == "show":
            code = identity_links.issue_shown_code(page.work, session=who, now=now)
            return _render_confirmation(page, code=code)
        if act == "mail":
            email = form_text("email", MAX_EMAIL_LENGTH)
            _require_rate(page, "join-mail", str(who.person_id), rate_limits.MAX_CODE_REQUESTS)
            _require_rate(page, "join-mail-to", email.lower(), rate_limits.MAX_CODE_REQUESTS)
            identity_links.send_join_code(page.deps, session=who, email=email, now=now)
            page.request_jobs(SEND_MAILS)
            return _render_confirmation(page, requested=True)
        user = f"{who.registration_id}:{who.subject}"
        _require_rate(page, "join-code", user, rate_limits.MAX_CODE_TRIES)
        identity_links.redeem_join_code(
            page.work, session=who, code=form_text("code", MAX_CODE_LENGTH), now=now
        )
    except (BadInput, Conflict, TooManyRequests) as error:
        return _render_confirmation(page, error)
    return page.redirect("?done=confirmed")


def _require_rate(page: PageContext, what: str, who: str, most: int) -> None:
    if not page.deps.limiter.allows(what, who, most, rate_limits.HOUR_SECONDS):
        raise TooManyRequests(
            "This was tried too often. Try again in an hour, or ask your administrator to join "
            "you to the list."
        )


def _render_confirmation(
    page: PageContext,
    error: RequestError | None = None,
    *,
    requested: bool = False,
    code: str = "",
) -> ResponseReturnValue:
    return page.render(
        "confirm.html",
        error.status if error else 200,
        standing=identity_links.load_identity_status(page.work, session=page.who),
        error=error,
        asked=requested,
        code=code,
        provider=sign_in.find_provider(page.work, tenant_id=page.who.tenant_id),
        signed_in=page.who.message == SIGNED_IN,
        base_url=page.deps.settings.base_url,
    )

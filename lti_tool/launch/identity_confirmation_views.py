"""Confirming who one is on the organisation's list: with a code from a mail, or from the
organisation's own sign-in."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from core import clock
from core.errors import BadInput, Conflict, RequestError, TooManyRequests
from lti_tool.base import sessions
from lti_tool.base.deps import ToolDeps
from lti_tool.base.mail_outbox_store import SEND_MAILS
from lti_tool.base.page_context import template_values
from lti_tool.base.sessions_store import SIGNED_IN, LaunchSession
from lti_tool.launch import rate_limits, sign_in
from lti_tool.people import identity_links


def blueprint(deps: ToolDeps) -> Blueprint:
    """``/t/<launch>/confirm``."""
    pages = Blueprint("joining", __name__, url_prefix="/t/<uuid:launch_id>/confirm")
    work = deps.unit_of_work

    def render_confirmation(
        who: LaunchSession,
        error: RequestError | None = None,
        *,
        requested: bool = False,
        code: str = "",
    ) -> ResponseReturnValue:
        status = error.status if error else 200
        standing = identity_links.load_identity_status(work, session=who)
        offered = sign_in.find_provider(work, tenant_id=who.tenant_id)
        values = {
            "standing": standing,
            "error": error,
            "asked": requested,
            "code": code,
            "provider": offered,
            "signed_in": who.message == SIGNED_IN,
        }
        return render_template(
            "confirm.html",
            **template_values(deps, request, who),
            **values,
            base_url=deps.settings.base_url,
        ), status

    @pages.get("")
    def show_confirmation(launch_id: uuid.UUID) -> ResponseReturnValue:
        return render_confirmation(sessions.require_session(deps, request, launch_id))

    @pages.post("")
    def submit_confirmation(launch_id: uuid.UUID) -> ResponseReturnValue:
        who = sessions.require_session(deps, request, launch_id)
        action = request.form.get("act", "")
        try:
            if action == "show":
                return render_confirmation(
                    who, code=identity_links.issue_shown_code(work, session=who, now=clock.now())
                )
            if action == "mail":
                email = request.form.get("email", "").replace("\0", "").strip()[:320]
                require_rate_limit("join-mail", str(who.person_id), rate_limits.MAX_CODE_REQUESTS)
                require_rate_limit("join-mail-to", email.lower(), rate_limits.MAX_CODE_REQUESTS)
                identity_links.send_join_code(deps, session=who, email=email, now=clock.now())
                deps.job_requests.request_job(SEND_MAILS)
                return render_confirmation(who, requested=True)
            require_rate_limit(
                "join-code", f"{who.registration_id}:{who.subject}", rate_limits.MAX_CODE_TRIES
            )
            identity_links.redeem_join_code(
                work,
                session=who,
                code=request.form.get("code", "").replace("\0", "")[:100],
                now=clock.now(),
            )
        except (BadInput, Conflict, TooManyRequests) as error:
            return render_confirmation(who, error)
        return redirect(f"/t/{launch_id}/?done=confirmed", code=303)

    def require_rate_limit(what: str, who: str, most: int) -> None:
        if not deps.limiter.allows(what, who, most, rate_limits.HOUR_SECONDS):
            raise TooManyRequests(
                "This was tried too often. Try again in an hour, or ask your administrator to "
                "join you to the list."
            )

    return pages

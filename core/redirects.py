"""Redirects that add or merge a slash, without the name by which the request came: whoever sends a ``Host`` of theirs leads nobody there."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.routing import RequestRedirect


def keep_to_this_site(app: Flask) -> None:
    """Make the routing's own redirects of ``app`` relative: the browser knows the scheme and the host by which it came."""

    @app.after_request
    def relative(response: Response) -> Response:
        found = request.routing_exception
        if isinstance(found, RequestRedirect):
            to = urlsplit(found.new_url)
            path = "/" + to.path.lstrip("/")  # two slashes would name another host
            response.headers["Location"] = f"{path}?{to.query}" if to.query else path
        return response

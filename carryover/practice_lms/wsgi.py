"""The demo's application: both houses, and the practice LMS beside them."""

from __future__ import annotations

import os

from flask import Flask, redirect
from flask.typing import ResponseReturnValue

from carryover.practice_lms.app import create_app as practice_app
from carryover.practice_lms.app import lms_address
from carryover.wsgi import Door, houses, settled
from lrs.ground import settings


def create_app() -> Door:
    """The application, from the environment that ``carryover demo`` makes."""
    read = settings.read(os.environ)
    others, tool = houses()
    front = Flask("front", static_folder=None)

    @front.get("/")
    def first_page() -> ResponseReturnValue:
        """Whoever opens the demo's address wants to see the course."""
        return redirect(f"{lms_address(read.base_url)}/practice/")

    return settled(Door({**others, "practice": practice_app(read.home, read.base_url), "": front.wsgi_app}, tool))

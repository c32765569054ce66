"""The organisation's own colour and logo on every page of its people."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image

from adapters.questions.models import Picture
from adapters.questions.pictures import PictureRefused, load_picture
from core.database import UnitOfWork
from core.errors import BadInput
from core.messages import lazy_gettext
from lti_tool.base import accent, journal_store, tenants_store
from lti_tool.programmes import pictures_store

LOGO_HEIGHT = 28  # CSS pixels, in the head of a page
LOGO_MAX_WIDTH = 140  # CSS pixels: more would push the rest of a phone's head to a second line
PIXELS = 3  # device pixels of a CSS pixel, on the sharpest phones
_CSS_PIXELS = f"{LOGO_MAX_WIDTH} × {LOGO_HEIGHT}"


@dataclass(frozen=True)
class Look:
    """``colour``: empty is Carryover's own. ``logo``: name, content of a new one; ``drop_logo``:
    back to Carryover's mark."""

    colour: str
    logo: tuple[str, bytes] | None
    drop_logo: bool


def offered_colour(typed: str) -> str:
    """What to put into the field after a refusal: the nearest colour that works, or what was typed
    where that is no colour."""
    colour = accent.read_colour(typed)
    return accent.nearest_accent(colour) if colour else typed


def fit_logo(content: bytes) -> tuple[Picture, int]:
    """A logo as a page shows it: a PNG of at most LOGO_MAX_WIDTH by LOGO_HEIGHT (for sharp
    screens, three times the pixels), and its width in CSS pixels. BadInput if it is no picture."""
    try:
        load_picture(content)
    except PictureRefused as error:
        raise BadInput(
            lazy_gettext("The logo was not taken: %(reason)s.", reason=error.message), field="logo"
        ) from None
    with Image.open(io.BytesIO(content)) as image:
        drawn = image.convert("RGBA")
    drawn.thumbnail((LOGO_MAX_WIDTH * PIXELS, LOGO_HEIGHT * PIXELS))
    written = io.BytesIO()
    drawn.save(written, "PNG", optimize=True)
    width = max(1, round(LOGO_HEIGHT * drawn.width / drawn.height))
    return load_picture(written.getvalue()), min(width, LOGO_MAX_WIDTH)


def set_look(unit_of_work: UnitOfWork, *, tenant_id: int, typed: Look, who: str) -> None:
    """Change colour and logo. BadInput: nothing was changed."""
    colour = accent.read_colour(typed.colour) if typed.colour.strip() else ""
    if colour is None:
        raise BadInput(
            "Write a colour as six digits of 0-9 and a-f, such as #1f4f99.", field="colour"
        )
    if colour and accent.nearest_accent(colour) != colour:
        raise BadInput(
            lazy_gettext(
                "Letters in this colour are too pale to be read on a light page. The nearest one "
                "that works is %(colour)s; it is in the field now. Nothing was changed yet.",
                colour=accent.nearest_accent(colour),
            ),
            field="colour",
        )
    changed: dict[str, object] = {"accent": colour or None}
    logo = fit_logo(typed.logo[1]) if typed.logo else None
    if logo or typed.drop_logo:
        changed["logo_digest"] = logo[0].digest if logo else None
        changed["logo_width"] = logo[1] if logo else None
    with unit_of_work(tenant_id) as connection:
        if logo:
            pictures_store.insert_pictures(connection, tenant_id, [logo[0]])
        tenants_store.update_look(connection, tenant_id, changed)
        journal_store.insert_audit_entry(
            connection, tenant_id, who, "changed the organisation's look", changed
        )

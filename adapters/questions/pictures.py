"""Pictures in questions, verified before they are stored. The only module that uses Pillow for
them.

A picture is stored unchanged, named by its digest, if it is a PNG, JPEG, GIF or WebP of a size
that a page can show.
"""

from __future__ import annotations

import hashlib
import io
import warnings

from PIL import Image, UnidentifiedImageError

from adapters.questions.models import Picture
from core.messages import MessageError, Number, lazy_gettext

MAX_BYTES = 2_000_000
MAX_SIDE_PIXELS = 6_000  # pixels
MAX_PIXELS = 25_000_000  # In pixels: 100 MB once decompressed.
_MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
_EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}


class PictureRefused(MessageError, ValueError):
    """The bytes are not an acceptable picture; the message gives the reason."""


def picture_file_name(picture: Picture) -> str:
    """The name of a picture in an exported file: short, and the same for the same bytes."""
    return f"{picture.digest[:16]}.{_EXTENSIONS[picture.media_type]}"


def load_picture(content: bytes) -> Picture:
    """Verify the bytes of a picture; PictureRefused gives the reason if they are not
    acceptable."""
    if len(content) > MAX_BYTES:
        raise PictureRefused(
            lazy_gettext(
                "the picture has %(size)s MB, and %(most)s MB is the most",
                size=Number(len(content) / 1e6, digits=1),
                most=Number(MAX_BYTES / 1e6),
            )
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=list(_MEDIA_TYPES)) as image:
                kind, (width, height) = image.format, image.size
                if max(width, height) > MAX_SIDE_PIXELS or width * height > MAX_PIXELS:
                    raise PictureRefused(
                        lazy_gettext(
                            "the picture is %(width)s × %(height)s pixels, more than a page can "
                            "show",
                            width=width,
                            height=height,
                        )
                    )
                image.verify()
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
        OSError,
        SyntaxError,
        ValueError,
    ) as error:
        if isinstance(error, PictureRefused):
            raise
        raise PictureRefused(
            "it is no PNG, JPEG, GIF or WebP picture (SVG is not taken: it can hold programs)"
        ) from None
    return Picture(hashlib.sha256(content).hexdigest(), _MEDIA_TYPES[kind or "PNG"], content)

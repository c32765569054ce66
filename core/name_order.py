"""The order in which people read names: letters without their marks (Bärbel before Björn, as
dictionaries of German, DIN 5007-1, French and English have them), and ñ after n, as Spanish has
it. Letters of other scripts follow in the order of their numbers.

PostgreSQL sorts by the same key, with the function ``sort_key`` of the tool's schema; a test
compares both. Its own collations differ from one installation to the next.
"""

from __future__ import annotations

import re
import unicodedata

# Letters that are no letter with a mark: as which they are sorted.
LETTER_SPELLINGS = {
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ı": "i",
}
_MARKS = re.compile("[\u0300-\u036f]")
_ENYE = "n\u0303"
AFTER_N = "n~"  # the tilde stands after every letter from a to z


def sort_key(name: str) -> str:
    """The key by which a name is sorted; names with the same key are sorted by themselves."""
    text = unicodedata.normalize("NFKD", name.lower()).replace(_ENYE, AFTER_N)
    text = _MARKS.sub("", text)
    for letter, written in LETTER_SPELLINGS.items():
        text = text.replace(letter, written)
    return text

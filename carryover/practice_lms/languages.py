"""The language that the practice LMS tells its tools: that of its people's pages, chosen by whoever
tries the demo. Its own pages are in English.
"""

from __future__ import annotations

from collections.abc import Mapping

# Language tag (BCP 47) -> the language's own name.
LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
}
SETTING, DEFAULT_LANGUAGE = "language", "en"

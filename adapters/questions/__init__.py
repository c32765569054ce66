"""Import and export of questions: GIFT, Moodle XML, QTI 2.1, CSV. One file per format; no
format imports another, and none stores anything.

Whatever a format contains beyond our data model is reported in a note on the question, never
dropped silently.
"""

from adapters.csv_tables import FileRefused
from adapters.questions.models import (
    AcceptedAnswer,
    Choice,
    ImportNote,
    Picture,
    QuestionItem,
    Reading,
)

__all__ = [
    "AcceptedAnswer",
    "Choice",
    "FileRefused",
    "ImportNote",
    "Picture",
    "QuestionItem",
    "Reading",
]

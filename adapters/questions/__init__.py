"""Questions in and out: GIFT, Moodle XML, QTI 2.1, CSV. One file a format; none knows another, and none keeps anything.

What a format says beyond our words is told in a note for each question, never dropped in silence.
"""

from adapters.questions.shapes import Accepted, Choice, Item, Note, Picture, Reading
from adapters.tables import FileRefused

__all__ = ["Accepted", "Choice", "FileRefused", "Item", "Note", "Picture", "Reading"]

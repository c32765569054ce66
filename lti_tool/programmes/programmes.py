"""Programmes: the follow-up to a certification. Each version is an immutable document.

The document is validated as a whole before it is stored: :func:`parse_programme` rejects
invalid content, :func:`list_programme_gaps` lists what is still incomplete.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, Literal, Protocol
from zoneinfo import available_timezones

import msgspec
from sqlalchemy import Connection

from adapters import xapi_statements
from adapters.questions import question_html
from adapters.questions.models import KEY_PATTERN, QuestionItem, find_item_faults, parse_decimal
from core.database import UnitOfWork
from core.errors import BadInput
from core.messages import Message, Number, join_messages, lazy_gettext
from lrs.vocabulary import INTERVALS
from lti_tool.programmes import episodes_store, public_holidays, rubrics
from lti_tool.programmes.rubrics import Rubric

MAX_QUESTIONS = 5  # per check: 5 questions take 5 minutes
MAX_ITEMS, LONGEST_LINE, MAX_TEXT_LENGTH = 2_000, 300, 5_000


class Competency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A competency that the certification covers."""

    key: str
    title: str


class Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A job task in which a competency is applied."""

    key: str
    title: str
    competency: str


class Cell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the blueprint: how many questions of each check have this competency and
    weight.
    """

    competency: str
    critical: bool
    questions: int


class Kpi(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The business figure that the programme is meant to improve: decimal numbers as text, in
    ``unit``.
    """

    name: str
    unit: str = ""
    baseline: str = ""
    target: str = ""
    source: str = ""
    owner: str = ""


class Wave(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cohort of people who take the programme at the same time."""

    key: str
    title: str
    starts_on: date


class SiteHolidays(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Whose public holidays a site keeps: a country and a region of it (ISO 3166; empty: those of
    the whole country). ``site``: as in the list of people; empty: all sites without a line of their
    own."""

    country: str
    region: str = ""
    site: str = ""


class Calendar(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Default working calendar for people without their own: IANA time zone, ISO weekdays (1
    Monday … 7 Sunday), days off of everybody, and public holidays by site.
    """

    time_zone: str = "UTC"
    working_days: list[int] = msgspec.field(default_factory=lambda: [1, 2, 3, 4, 5])
    holidays: list[date] = []
    public: list[SiteHolidays] = []

    def public_at(self, site: str) -> SiteHolidays | None:
        """Whose public holidays hold at a site."""
        named = {" ".join(line.site.split()).casefold(): line for line in self.public}
        return named.get(" ".join(site.split()).casefold()) or named.get("")


class Programme(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A version of a programme."""

    key: str
    version: int
    title: str
    pass_mark: float
    competencies: list[Competency]
    tasks: list[Task]
    items: list[QuestionItem] = []
    blueprint: list[Cell] = []
    certification: str = ""
    goal: str = ""
    audience: str = ""
    language: str = "en"
    kpi: Kpi | None = None
    waves: list[Wave] = []
    calendar: Calendar = msgspec.field(default_factory=Calendar)
    rhythm: Literal["weekly", "monthly", "none"] = "weekly"
    asks_confidence: bool = False
    rubric: Rubric | None = None

    def item(self, key: str) -> QuestionItem:
        """An item of this version."""
        return next(item for item in self.items if item.key == key)

    def items_for_cell(self, cell: Cell) -> list[QuestionItem]:
        """Return the items of the check pool that a blueprint line draws from."""
        return [
            item
            for item in self.items
            if (item.pool, item.competency, item.critical)
            == ("check", cell.competency, cell.critical)
        ]

    @property
    def cells(self) -> list[Cell]:
        """The blueprint, or if the author defined none, one that the item bank can serve,
        critical questions first.
        """
        return self.blueprint or suggest_blueprint(self.competencies, self.items)

    @property
    def questions(self) -> int:
        """How many questions each check asks."""
        return sum(cell.questions for cell in self.cells)

    def competency_title(self, key: str) -> str:
        """Return the title of a competency."""
        return next(competency.title for competency in self.competencies if competency.key == key)

    def task_title(self, key: str) -> str | None:
        """Return the title of a task, or None if this version has no such task."""
        return next((task.title for task in self.tasks if task.key == key), None)

    def for_statements(self) -> xapi_statements.ProgrammeRef:
        """Return the programme as it appears in statements."""
        return xapi_statements.ProgrammeRef(self.key, self.title, str(self.version))


class _Titled(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def title(self) -> str: ...


def resolve_key(words: str, batch: Sequence[_Titled]) -> str:
    """Resolve ``words`` to the key of a wave or a competency: by key, or by case-insensitive
    title. Empty if none or several match."""
    if any(item.key == words for item in batch):
        return words
    wanted = " ".join(words.split()).casefold()
    result = {item.key for item in batch if " ".join(item.title.split()).casefold() == wanted}
    return result.pop() if len(result) == 1 else ""


_PARTS = {
    "competencies": lazy_gettext("competencies"),
    "tasks": lazy_gettext("tasks"),
    "waves": lazy_gettext("waves"),
    "items": lazy_gettext("items"),
}


def unknown_wave_message(programme: Programme, words: str) -> Message:
    """Return the error text for an unknown wave, listing the programme's waves."""
    return lazy_gettext(
        "The programme has no wave %(wave)s; its waves are %(waves)s.",
        wave=repr(words[:80]),
        waves=", ".join(wave.title for wave in programme.waves) or lazy_gettext("none"),
    )


def suggest_blueprint(competencies: list[Competency], items: list[QuestionItem]) -> list[Cell]:
    """Suggest a blueprint that these items can serve over all intervals: one question per
    competency in round-robin order, critical ones first.
    """
    supply = Counter((item.competency, item.critical) for item in items if item.pool == "check")
    left = {cell: count // len(INTERVALS) for cell, count in supply.items()}
    question_counts: Counter[tuple[str, bool]] = Counter()
    while question_counts.total() < MAX_QUESTIONS and any(left.values()):
        for competency in competencies:
            cell = next(
                (
                    (competency.key, critical)
                    for critical in (True, False)
                    if left.get((competency.key, critical))
                ),
                None,
            )
            if cell is not None and question_counts.total() < MAX_QUESTIONS:
                question_counts[cell] += 1
                left[cell] -= 1
    return [
        Cell(competency, critical, count)
        for (competency, critical), count in question_counts.items()
    ]


def parse_programme(document: dict[str, Any]) -> Programme:
    """Parse and validate a document, sanitizing its texts; BadInput names what is wrong with
    it.
    """
    try:
        programme = msgspec.convert(document, Programme)
    except msgspec.ValidationError as error:
        raise BadInput(
            lazy_gettext(
                "The programme's file is not as it should be: %(reason)s", reason=str(error)
            )
        ) from None
    _validate_programme(programme)
    return msgspec.structs.replace(programme, items=[clean_item(item) for item in programme.items])


def clean_item(item: QuestionItem) -> QuestionItem:
    """Return the item with sanitized markup; sanitizing is idempotent."""
    clean = question_html.clean_html
    return msgspec.structs.replace(
        item,
        stem=clean(item.stem),
        choices=[
            msgspec.structs.replace(
                choice,
                text=clean(choice.text),
                feedback=clean(choice.feedback),
                match=clean(choice.match),
            )
            for choice in item.choices
        ],
        accepted=[
            msgspec.structs.replace(item, feedback=clean(item.feedback)) for item in item.accepted
        ],
        other_matches=[clean(match) for match in item.other_matches],
        when_right=clean(item.when_right),
        when_wrong=clean(item.when_wrong),
        explanation=clean(item.explanation),
    )


def _validate_programme(programme: Programme) -> None:
    if not KEY_PATTERN.match(programme.key):
        raise BadInput(
            "The key of a programme holds small letters, digits and hyphens alone.", field="key"
        )
    if not 0 < programme.pass_mark <= 1:
        raise BadInput("The pass mark is a share above 0, up to 1.", field="pass_mark")
    _validate_texts(programme)
    _validate_keys(programme)
    if len(programme.items) > MAX_ITEMS:
        raise BadInput(
            lazy_gettext("A programme holds up to %(most)s questions.", most=Number(MAX_ITEMS)),
            field="items",
        )
    _validate_references(programme)
    _validate_calendar(programme.calendar)
    _validate_kpi(programme.kpi)
    if programme.rubric is not None:
        rubrics.validate_rubric(
            programme.rubric, {competency.key for competency in programme.competencies}
        )


def _validate_texts(programme: Programme) -> None:
    lines = [
        programme.title,
        programme.certification,
        *(competency.title for competency in programme.competencies),
    ]
    lines += [*(task.title for task in programme.tasks), *(wave.title for wave in programme.waves)]
    if not programme.title.strip() or any(len(line) > LONGEST_LINE for line in lines):
        raise BadInput(
            lazy_gettext("Titles hold from 1 to %(most)s characters.", most=LONGEST_LINE),
            field="title",
        )
    if any(len(words) > MAX_TEXT_LENGTH for words in (programme.goal, programme.audience)):
        raise BadInput(
            lazy_gettext(
                "Goal and audience hold up to %(most)s characters.", most=Number(MAX_TEXT_LENGTH)
            ),
            field="goal",
        )


def _validate_keys(programme: Programme) -> None:
    for name, keys in (
        ("competencies", [competency.key for competency in programme.competencies]),
        ("tasks", [task.key for task in programme.tasks]),
        ("waves", [wave.key for wave in programme.waves]),
        ("items", [item.key for item in programme.items]),
    ):
        parts = _PARTS[name]
        twice = next((key for key, count in Counter(keys).items() if count > 1), None)
        if twice is not None:
            raise BadInput(
                lazy_gettext("Two %(parts)s have the key %(key)s.", parts=parts, key=twice),
                field=name,
            )
        unfit = next((key for key in keys if not KEY_PATTERN.match(key)), None)
        if unfit is not None:
            raise BadInput(
                lazy_gettext(
                    "The key %(key)s of %(parts)s may hold small letters, digits and hyphens "
                    "alone.",
                    key=repr(unfit),
                    parts=parts,
                ),
                field=name,
            )


def _validate_references(programme: Programme) -> None:
    competencies = {competency.key for competency in programme.competencies}
    for task in programme.tasks:
        if task.competency not in competencies:
            raise BadInput(
                lazy_gettext(
                    "Task %(task)s belongs to the unknown competency %(competency)s.",
                    task=task.key,
                    competency=task.competency,
                ),
                field="tasks",
            )
    for item in programme.items:
        if item.competency not in competencies:
            raise BadInput(
                lazy_gettext(
                    "Item %(item)s belongs to the unknown competency %(competency)s.",
                    item=item.key,
                    competency=item.competency,
                ),
                field="items",
            )
        faults = find_item_faults(item)
        if faults:
            raise BadInput(
                lazy_gettext(
                    "Item %(item)s: %(faults)s", item=item.key, faults=join_messages(faults)
                ),
                field="items",
            )
    cells = Counter((cell.competency, cell.critical) for cell in programme.blueprint)
    for cell in programme.blueprint:
        if cell.competency not in competencies:
            raise BadInput(
                lazy_gettext(
                    "The blueprint names the unknown competency %(competency)s.",
                    competency=cell.competency,
                ),
                field="blueprint",
            )
        if cells[cell.competency, cell.critical] > 1:
            raise BadInput(
                lazy_gettext(
                    "The blueprint names %(competency)s twice with the same weight.",
                    competency=cell.competency,
                ),
                field="blueprint",
            )
        if not 1 <= cell.questions <= MAX_QUESTIONS:
            raise BadInput("A line of the blueprint asks at least one question.", field="blueprint")
    if programme.blueprint and programme.questions > MAX_QUESTIONS:
        raise BadInput(
            lazy_gettext(
                "A check asks at most %(most)s questions; the blueprint asks %(asked)s.",
                most=MAX_QUESTIONS,
                asked=programme.questions,
            ),
            field="blueprint",
        )


def _validate_calendar(calendar: Calendar) -> None:
    if calendar.time_zone not in available_timezones():
        raise BadInput(
            lazy_gettext(
                "%(zone)s is not a time zone. Example: Europe/Berlin.",
                zone=repr(calendar.time_zone[:60]),
            ),
            field="time_zone",
        )
    if not calendar.working_days or not set(calendar.working_days) <= set(range(1, 8)):
        raise BadInput(
            "Working days are numbers from 1 (Monday) to 7 (Sunday), at least one of them.",
            field="working_days",
        )
    for line in calendar.public:
        public_holidays.resolve_region(line.country, line.region)


def _validate_kpi(kpi: Kpi | None) -> None:
    if kpi and kpi.baseline and parse_decimal(kpi.baseline) is None:
        raise BadInput("The baseline of the KPI is no number.", field="kpi")
    if kpi and kpi.target and parse_decimal(kpi.target) is None:
        raise BadInput("The target of the KPI is no number.", field="kpi")


def list_programme_gaps(programme: Programme) -> list[Message]:
    """List what is still missing, in the terms of the training manager; empty if people can
    start.
    """
    result: list[Message] = []
    if not programme.competencies:
        result.append(lazy_gettext("It names no competency."))
    if not programme.tasks:
        result.append(
            lazy_gettext(
                "It names no task of the job, so that a transfer plan has nothing to start from."
            )
        )
    for cell in programme.cells:
        available, needed = len(programme.items_for_cell(cell)), cell.questions * len(INTERVALS)
        if available < needed:
            result.append(
                lazy_gettext(
                    "The bank holds %(available)s of %(needed)s %(weight)s questions for "
                    "“%(competency)s”.",
                    available=available,
                    needed=needed,
                    weight=lazy_gettext("critical") if cell.critical else lazy_gettext("other"),
                    competency=programme.competency_title(cell.competency),
                )
            )
    if not programme.blueprint and programme.questions < MAX_QUESTIONS:
        available, needed = (
            sum(item.pool == "check" for item in programme.items),
            MAX_QUESTIONS * len(INTERVALS),
        )
        result.append(
            lazy_gettext(
                "The bank holds %(available)s of the %(needed)s items that the checks need.",
                available=available,
                needed=needed,
            )
        )
    return result + rubrics.list_rubric_gaps(programme.rubric)


def parse_complete_programme(document: dict[str, Any]) -> Programme:
    """Parse a programme that is complete enough to start; BadInput names what it still lacks."""
    programme = parse_programme(document)
    lacks = list_programme_gaps(programme)
    if lacks:
        raise BadInput(join_messages(lacks))
    return programme


def save_programme(
    unit_of_work: UnitOfWork, *, tenant_id: int, document: dict[str, Any]
) -> Programme:
    """Store a version of a programme for a tenant."""
    programme = parse_complete_programme(document)
    with unit_of_work(tenant_id) as connection:
        episodes_store.insert_programme_version(
            connection,
            tenant_id,
            programme.key,
            programme.version,
            programme_to_document(programme),
        )
    return programme


def programme_to_document(programme: Programme) -> dict[str, Any]:
    """Return a programme's document as it is stored and exported."""
    result: dict[str, Any] = msgspec.to_builtins(programme)
    return result


def load_programme(connection: Connection, tenant_id: int, key: str, version: int) -> Programme:
    """Load a version that is known to exist."""
    return msgspec.convert(
        episodes_store.get_programme_document(connection, tenant_id, key, version), Programme
    )

"""A mail as its reader gets it: what it is about and from whom, what is asked until when, one link
to press, and how to stop it; as HTML, and as plain text that says the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, Template
from sqlalchemy import Connection

from adapters.questions import question_html
from adapters.questions.models import QuestionItem
from core import clock, translations
from core.translations import translate_text
from lti_tool.base import mail_links, sessions_store, tenants_store
from lti_tool.base.mail_links_store import LinkTarget
from lti_tool.base.mail_outbox_store import LeasedMail
from lti_tool.launch import visits
from lti_tool.nudges import mailed_questions, mailed_questions_store
from lti_tool.nudges.mailed_questions_store import MailedQuestion
from lti_tool.nudges.reminders import REMINDER_KINDS
from lti_tool.people import directory_store
from lti_tool.programmes import episodes_store, product_use_store, programmes
from lti_tool.tables.checks import AttemptKind
from lti_tool.transfer.review_requests import REVIEW_MAIL_KIND, ReviewSubject

_TEMPLATES = Path(__file__).parent / "templates"
# Kinds of mails that go to the learners of a programme.
_LEARNER_KINDS = frozenset(("due", "overdue", "question", "coaching"))


@dataclass(frozen=True)
class LetterLink:
    """A link of a letter: what it says, and where it leads; ``letter`` marks a choice."""

    text: str
    address: str
    letter: str = ""


@dataclass(frozen=True)
class Letter:
    """The parts of a mail, in its reader's language. With ``choices`` it asks a question, whose
    text is ``stem``; otherwise ``buttons`` are what to press, what is meant to be pressed first."""

    subject: str
    title: str
    organisation: str
    name: str
    paragraphs: list[str]
    stem: str
    choices: list[LetterLink]
    buttons: list[LetterLink]
    notes: list[str]
    reason: str
    links: list[LetterLink]
    stop_address: str


@dataclass(frozen=True)
class _Asked:
    """What a mail asks to answer without a sign-in."""

    stem: str = ""
    choices: list[LetterLink] = field(default_factory=list)
    buttons: list[LetterLink] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def write_letter(
    connection: Connection, tenant_id: int, row: LeasedMail, tag: str, base_url: str
) -> Letter:
    """Write the letter of a queued mail; its links are issued now."""
    named = product_use_store.find_programme_title(connection, tenant_id, row.programme)
    title = named[0] if named else ""
    stop, own_page = _page_links(connection, tenant_id, row, tag, base_url)
    asked = _ask_question(connection, tenant_id, row, tag, base_url) or _ask_review(
        connection, tenant_id, row, tag, base_url
    )
    own_links = [own_page] if own_page else []
    return Letter(
        subject=row.subject,
        title=title,
        organisation=tenants_store.get_tenant(connection, tenant_id).name,
        name=" ".join(row.name.split()),
        paragraphs=row.words.split("\n\n"),
        stem=asked.stem if asked else "",
        choices=asked.choices if asked else [],
        buttons=asked.buttons if asked else own_links,
        notes=asked.notes if asked else [],
        reason=translate_text(
            tag, "You get this because you take part in “%(programme)s”.", programme=title
        )
        if title and row.kind in _LEARNER_KINDS
        else "",
        links=[
            *(own_links if asked else []),
            *([_stop_link(tag, stop)] if stop else []),
            *([_times_link(tag, own_page)] if own_page and row.kind in REMINDER_KINDS else []),
        ],
        stop_address=stop,
    )


def _ask_question(
    connection: Connection, tenant_id: int, row: LeasedMail, tag: str, base_url: str
) -> _Asked | None:
    """The question that a mail asks; None if it asks none."""
    question = _load_asked(connection, tenant_id, row)
    if question is None:
        return None
    asked, item, last_day = question
    target = LinkTarget(question_id=asked.id)
    token = mail_links.issue_link(connection, tenant_id, row.id, target)
    address = f"{base_url}/question/{token}"
    stem, choices = _mailed_choices(item, address)
    button = LetterLink(translate_text(tag, "Open the question"), address)
    until = translations.format_near_day(tag, last_day, clock.now().date())
    notes = [translate_text(tag, "Good until %(day)s.", day=until)]
    return _Asked(
        stem,
        choices,
        [] if choices else [button],
        # a check's last day stands above
        [*(notes if asked.kind != AttemptKind.CHECK else []), _say_own_link(tag)],
    )


def _ask_review(
    connection: Connection, tenant_id: int, row: LeasedMail, tag: str, base_url: str
) -> _Asked | None:
    """The use at work or the work sample that a mail asks to answer; None if it asks for none."""
    about = ReviewSubject.of_path(row.path) if row.kind == REVIEW_MAIL_KIND else None
    if about is None:
        return None
    target = LinkTarget(use_id=about.use_id, handed_in_id=about.handed_in_id)
    address = f"{base_url}/review/{mail_links.issue_link(connection, tenant_id, row.id, target)}"
    if about.use_id is None:
        buttons = [LetterLink(translate_text(tag, "Read it and answer"), address)]
    else:
        buttons = [
            LetterLink(translate_text(tag, "I can confirm it"), f"{address}/yes"),
            LetterLink(translate_text(tag, "I could not see it"), f"{address}/no"),
        ]
    return _Asked(
        buttons=buttons,
        notes=[
            translate_text(tag, "A page opens where you read it and confirm your answer."),
            _say_own_link(tag),
        ],
    )


def _say_own_link(tag: str) -> str:
    return translate_text(
        tag, "No sign-in needed; this link is yours alone, please do not forward it."
    )


def _times_link(tag: str, own_page: LetterLink) -> LetterLink:
    return LetterLink(translate_text(tag, "Change my times"), f"{own_page.address}/times")


def _stop_link(tag: str, address: str) -> LetterLink:
    return LetterLink(translate_text(tag, "No more mails of this kind"), address)


def _page_links(
    connection: Connection, tenant_id: int, row: LeasedMail, tag: str, base_url: str
) -> tuple[str, LetterLink | None]:
    """The address that stops mails of this kind, and the link to the reader's own page."""
    # A code is typed in where it was requested; a link would open more than that.
    if row.kind == sessions_store.JOIN:
        return "", None
    token = mail_links.issue_link(connection, tenant_id, row.id)
    stop = f"{base_url}/stop/{token}" if row.kind in visits.NUDGE_KINDS else ""
    return stop, LetterLink(translate_text(tag, "Open my page"), f"{base_url}/s/{token}")


def _load_asked(
    connection: Connection, tenant_id: int, row: LeasedMail
) -> tuple[MailedQuestion, QuestionItem, date] | None:
    """The question that a mail asks, and the last day on which it can be answered."""
    if row.question_id is None:
        return None
    asked = mailed_questions_store.get_questions(connection, tenant_id, [row.question_id])[
        row.question_id
    ]
    episode = episodes_store.get_episode(connection, tenant_id, asked.episode_id)
    programme = programmes.load_programme(
        connection, tenant_id, episode.programme, episode.programme_version
    )
    last_day = mailed_questions.last_day(
        directory_store.get_profile(connection, tenant_id, row.person_id), programme, asked
    )
    return asked, programme.item(asked.item), last_day


def _mailed_choices(item: QuestionItem, address: str) -> tuple[str, list[LetterLink]]:
    """The question's text and its choices, each with its address; nothing if they cannot be
    links."""
    if not mailed_questions.has_mailed_choices(item):
        return "", []
    return question_html.html_to_text(item.stem), [
        LetterLink(question_html.html_to_text(choice.text), f"{address}/{letter}", letter.upper())
        for letter, choice in zip(mailed_questions.CHOICE_LETTERS, item.choices, strict=False)
    ]


def render_plain(letter: Letter, tag: str) -> str:
    """The letter as plain text: each address on a line of its own, after what it is for."""
    head = " · ".join(part for part in (letter.title, letter.organisation) if part)
    parts = [head]
    if letter.name:
        parts.append(translate_text(tag, "Hello %(name)s,", name=letter.name))
    parts += letter.paragraphs
    if letter.choices:
        parts.append(letter.stem)
        parts += [
            f"{choice.letter}) {choice.text}\n   {choice.address}" for choice in letter.choices
        ]
        parts.append(
            translate_text(tag, "Choose one; a page opens where you confirm it and see why.")
        )
    parts += [_plain_link(button) for button in letter.buttons]
    if letter.notes:
        parts.append(" ".join(letter.notes))
    end = [letter.reason, *(_plain_link(link) for link in letter.links)]
    return "\n\n".join([*parts, *(line for line in end if line)])


def _plain_link(link: LetterLink) -> str:
    return f"{link.text}:\n{link.address}"


def render_html(letter: Letter, tag: str) -> str:
    """The letter as HTML."""
    values: Mapping[str, Any] = {"letter": letter, "tag": tag, "_": partial(translate_text, tag)}
    return _letter_template().render(values)


@cache
def _letter_template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("letter.html")

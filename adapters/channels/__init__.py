"""Channels that reach people, one file per channel; mail is the first. A channel takes a
finished message and reports the outcome of its delivery."""

from adapters.channels.mail import Letter, Mailer, NotNow, Undeliverable, mailer_of

__all__ = ["Letter", "Mailer", "NotNow", "Undeliverable", "mailer_of"]

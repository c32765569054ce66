"""Ways to reach people: mail now, a file a channel. A channel takes a finished message and says what became of it."""

from adapters.channels.mail import Letter, Mailer, NotNow, Undeliverable, mailer_of

__all__ = ["Letter", "Mailer", "NotNow", "Undeliverable", "mailer_of"]

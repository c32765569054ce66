"""Channels that reach people, one file per channel; mail is the first. A channel takes a
finished message and reports the outcome of its delivery."""

from adapters.channels.mail import (
    DeliveryDeferred,
    Mailer,
    MailMessage,
    Undeliverable,
    create_mailer,
)

__all__ = ["DeliveryDeferred", "MailMessage", "Mailer", "Undeliverable", "create_mailer"]

"""Messages to people and channels: reminders, digests, alarms, calendar feeds, and their delivery."""

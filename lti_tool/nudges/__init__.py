"""Messages to people and channels: reminders, digests, alarms, calendars, and their delivery."""

"""Published values: people are put into packets once, and every value that is shown to who may not
see individual people is a sum over packets (docs/privacy.md). Rules alone; SQL is in
``analytics.store.published``, and the job in ``analytics.jobs.publishing``."""

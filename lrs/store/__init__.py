"""SQLAlchemy tables of the record store and the SQL that changes them. Callers own the
transaction; nothing here commits."""

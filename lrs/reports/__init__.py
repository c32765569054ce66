"""Publishing figures: values that carry all that is needed to judge them, tables, pictures. No counting here."""

"""Publishing figures: values with everything that is needed to judge them, tables and pictures.
No counting here."""

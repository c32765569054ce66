"""The tool's pages: a request becomes a checked value, an action runs, a page comes back. No SQL, no rule of learning here."""

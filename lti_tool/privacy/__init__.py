"""What is stored of a person: shown, exported, erased; and what expires."""

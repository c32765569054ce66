"""Questions: the bank of a programme, the draw for a quiz, and how an answer is judged."""

"""Written English as the words that are said."""

"""How English words are said."""

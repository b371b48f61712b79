"""How pictures look: how good each is, and how alike two are."""

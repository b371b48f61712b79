"""Speech: which phones are said when, and what a mouth does while it says them."""

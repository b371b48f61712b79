"""The farm's own words as data. Standard library only, so that anything may import it."""

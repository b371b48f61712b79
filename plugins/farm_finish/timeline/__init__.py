"""Baking a timeline: documents of a cut, and their media, become one film."""

"""Pipelines that need more than one plain call: loops of their own, one module each."""

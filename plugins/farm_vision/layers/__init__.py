"""Layers: a film taken apart into what stands before what, and put together again."""

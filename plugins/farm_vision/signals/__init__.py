"""Signals of a film that guide generation: edges, motion and normals."""

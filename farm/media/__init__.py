"""Pictures and films as plugins handle them between stages: read, written, resized, moved."""

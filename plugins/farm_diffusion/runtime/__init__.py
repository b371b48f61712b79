"""What an engine does for a diffusion stage: load, place, step, write."""

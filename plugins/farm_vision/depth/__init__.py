"""How far away things are: depth of a clip from motion, two eyes, cues of a picture, or a network."""

"""New views of a clip: its picture and depth seen by a camera that goes its own way."""

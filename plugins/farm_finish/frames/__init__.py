"""Work on the pictures of a film: windows of it, their join, larger ones and more of them."""

"""People: where they are, how they stand, what their faces and hands do, and their outline."""

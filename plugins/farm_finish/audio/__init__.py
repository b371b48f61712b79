"""Sound: read, mixed, ducked, mastered, measured and put to pictures, in flat memory."""

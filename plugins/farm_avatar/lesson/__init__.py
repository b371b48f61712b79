"""A lesson: from what its author writes to scenes, narration and the finished film."""

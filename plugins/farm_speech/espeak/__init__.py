"""eSpeak NG, which speaks a hundred languages, in a process of its own."""

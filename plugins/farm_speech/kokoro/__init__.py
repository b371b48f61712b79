"""The voices of Kokoro."""

"""A voice that is cloned from a sample, with the speaker's consent."""

"""Pictures of a lesson's scene: what is on screen, the presenter, letters, one segment of film."""

"""People: who may use this workspace, how they sign in, and until when."""

"""How the stages of the same name run."""

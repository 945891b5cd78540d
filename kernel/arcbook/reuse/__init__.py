"""Work that need not be done twice: keys by content, checkpoints of views, and what an earlier run has done."""

"""Opening, watching and cancelling Spark sessions."""

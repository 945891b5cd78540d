"""Running the jobs of a folder in the order that what they read and write gives, several at once."""

"""How long and how much is kept of what runs leave beside their records."""

#: Until when a checkpoint that nobody uses is kept, in days, and how much all of them may take, in GB.
KEPT_DAYS = 14
MOST_GIGABYTES = 10

"""Reading files by ourselves, for the engine whose readers keep neither file names nor the order of rows.

The functions that read run inside Sail's process; they need pyarrow and nothing of the engine.
"""

"""What a job would do: each view with its columns, what is read and written, without reading or writing any rows."""

"""Everything that touches a disk, a URL or a stream: tables as files, and the one writer that never tears a file."""

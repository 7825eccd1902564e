"""Read and write files: tables on disks, URLs and streams, and the atomic writer of every file."""

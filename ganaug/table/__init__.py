"""Tables: column kinds, the reversible encoding, networks, and files in and out."""

"""Comparisons of speed with well-known libraries: `make bench`. README.md says how to read and add one."""

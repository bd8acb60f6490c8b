"""Stands in for a module of C code: what imports it at its top can be imported, and most of it run."""

"""Revisions in order: `r0001_first_cycle`."""

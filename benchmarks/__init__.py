"""Measurements: each prints figures of one run; none is a test."""

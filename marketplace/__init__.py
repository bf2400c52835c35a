"""Nongqiao: a two-sided agricultural marketplace tilted, openly and measurably, toward registered poor farm households.

Everything is found by the name of its domain; ``marketplace.web.application.create_app`` builds the web application.
"""

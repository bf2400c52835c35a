"""Management commands: ``python3 dev.py cli COMMAND``. Each owns one transaction around one service call.

Without ``DATABASE_URL`` they work on the embedded server of the data directory, and start it for as long as they run when it
is not running.
"""

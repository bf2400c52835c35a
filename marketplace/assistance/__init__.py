"""Assistance to households: who answers for them, what they need, what they are entitled to."""

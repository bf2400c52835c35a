"""By when the next step is due, by the rules in force in the area; working days are counted as the rest of the house does."""

from datetime import date

from marketplace.complaints.models import Complaint
from marketplace.registry import complaint_rules
from marketplace.registry.cases.clocks import Due, due_day


def answer_by(kind: str, area_code: str, made_on: date) -> Due:
    """By when a complaint is to be answered, from the day on which it was made."""
    return due_day(complaint_rules.ANSWER + kind, area_code, made_on)


def set_due(complaint: Complaint, name: str, begins_on: date) -> None:
    """Let the next step be due by a rule."""
    due = due_day(name, complaint.area_code, begins_on)
    complaint.due_on, complaint.due_provisional = due.on, due.provisional


def set_due_by_answer(complaint: Complaint, today: date) -> None:
    """Let the answer be due on its day; where it went up after that day, in the shorter time that its new level has."""
    if complaint.answer_by < today or complaint.escalations or complaint.reopenings:
        set_due(complaint, complaint_rules.ESCALATED, today)
    else:
        complaint.due_on, complaint.due_provisional = answer_by(complaint.kind, complaint.area_code, complaint.made_on)

"""Statuses and revisions; the file of a household: persons, what is known of them, and how it came to be known."""

from marketplace.registry.models.duplicates import DuplicatePair, PairState
from marketplace.registry.models.files import (
    ChangeRequest,
    ConflictState,
    FieldConflict,
    FileChange,
    FileRecord,
    How,
    Origin,
    Person,
    RequestState,
)
from marketplace.registry.models.imports import FileImport, ImportState
from marketplace.registry.models.readings import FileReading, FileSearch
from marketplace.registry.models.rules import RuleChange
from marketplace.registry.models.statuses import SUPPORTED, Household, HouseholdStatus, RegistryRevision, StatusCategory
from marketplace.registry.models.visits import HouseholdPicture, Visit, VisitCause, VisitOrder

__all__ = [
    "SUPPORTED",
    "ChangeRequest",
    "ConflictState",
    "DuplicatePair",
    "FieldConflict",
    "FileChange",
    "FileImport",
    "FileReading",
    "FileRecord",
    "FileSearch",
    "Household",
    "HouseholdPicture",
    "HouseholdStatus",
    "How",
    "ImportState",
    "Origin",
    "PairState",
    "Person",
    "RegistryRevision",
    "RequestState",
    "RuleChange",
    "StatusCategory",
    "Visit",
    "VisitCause",
    "VisitOrder",
]

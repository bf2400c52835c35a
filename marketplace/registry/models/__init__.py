"""Statuses and revisions; the file of a household: persons, what is known of them, and how it came to be known."""

from marketplace.registry.models.assessments import AssessmentRun, HouseholdAssessment, VillageRank, VillageRanking
from marketplace.registry.models.exports import ExportState, FileExport, PublishedFigures
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
from marketplace.registry.models.forms import (
    AreaPlace,
    FlagKind,
    FlagState,
    FormSubmission,
    FormVersion,
    RevisitDraw,
    SubmissionFlag,
    SubmissionMedium,
    SubmissionState,
)
from marketplace.registry.models.readings import FileReading, FileSearch
from marketplace.registry.models.rules import RuleChange
from marketplace.registry.models.statuses import SUPPORTED, Household, HouseholdStatus, RegistryRevision, StatusCategory
from marketplace.registry.models.visits import HouseholdPicture, Visit, VisitCause, VisitOrder

__all__ = [
    "SUPPORTED",
    "AreaPlace",
    "AssessmentRun",
    "ChangeRequest",
    "ConflictState",
    "ExportState",
    "FieldConflict",
    "FileChange",
    "FileExport",
    "FileReading",
    "FileRecord",
    "FileSearch",
    "FlagKind",
    "FlagState",
    "FormSubmission",
    "FormVersion",
    "Household",
    "HouseholdAssessment",
    "HouseholdPicture",
    "HouseholdStatus",
    "How",
    "Origin",
    "Person",
    "PublishedFigures",
    "RegistryRevision",
    "RequestState",
    "RevisitDraw",
    "RuleChange",
    "StatusCategory",
    "SubmissionFlag",
    "SubmissionMedium",
    "SubmissionState",
    "VillageRank",
    "VillageRanking",
    "Visit",
    "VisitCause",
    "VisitOrder",
]

"""The summaries of national rules that come with the program, put into the base once; a newer program adds newer versions."""

import tomllib
from datetime import datetime
from importlib.resources import files
from typing import Any

from sqlalchemy import func, select

from marketplace.advisory.article_lists import Draft
from marketplace.advisory.documents import Heading, add_version
from marketplace.advisory.models import Nature, PolicyDocument
from marketplace.kernel.db import db


def add_shipped(*, now: datetime) -> int:
    """Add what the base does not have yet, each lineage in the order of the file; answers how many versions were added."""
    newest = select(PolicyDocument.lineage, func.max(PolicyDocument.version)).group_by(PolicyDocument.lineage)
    known: dict[str, int] = {row[0]: row[1] for row in db.session.execute(newest)}
    text = files("marketplace.advisory").joinpath("data/policies.toml").read_text(encoding="utf-8")
    added, seen = 0, dict.fromkeys(known, 0)
    for row in tomllib.loads(text)["document"]:
        lineage = row["lineage"]
        seen[lineage] = version = seen.get(lineage, 0) + 1
        if version > known.get(lineage, 0):
            add_version(_heading(row), _drafts(row), lineage, version, by_id=None, actor="program", now=now)
            added += 1
    return added


def _heading(row: dict[str, Any]) -> Heading:
    return Heading(
        nature=Nature.SUMMARY,
        area_code=None,
        valid_until=row.get("valid_until"),
        **{name: row[name] for name in ("issuer", "title", "number", "valid_from", "source")},
    )


def _drafts(row: dict[str, Any]) -> list[Draft]:
    return [Draft(**{**article, "facts": tuple(article["facts"])}) for article in row["article"]]

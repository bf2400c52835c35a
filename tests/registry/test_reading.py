"""Which statements are taken for questions about people's files, by their text alone."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.kernel.db import db
from marketplace.registry.reading import UnscopedReading


@pytest.mark.parametrize(
    "question",
    [
        "SELECT count(*) FROM person",
        'SELECT count(*) FROM "person"',
        "SELECT count(*) FROM household, person",
        "SELECT count(*) FROM household JOIN person ON true",
        "SELECT (SELECT count(*) FROM ONLY form_submission)",
        "UPDATE household SET code = code WHERE id IN (SELECT household_id FROM visit)",
    ],
)
def test_a_question_is_refused_however_it_names_the_table(session: Session, question: str) -> None:
    with pytest.raises(UnscopedReading):
        db.session.execute(text(question))


def test_a_column_that_an_insert_of_many_rows_returns_is_no_question(session: Session) -> None:
    insert = (
        "INSERT INTO submission_flag (submission_id, kind, figures, state, note) SELECT 1, 'fast', '{}', 'open', ''"
        " WHERE false RETURNING submission_flag.id, submission_flag.id AS id__1"
    )
    assert db.session.execute(text(insert)).all() == []

"""How a notice is written down to be hashed, in SQL: as it was hung out, and the day on which its procedure went on.

A notice is a JSON array, UTF-8: its id, public id, kind, village, round, the day it was hung out, its last full day and the day
its page went as they were then, who hung it out, and for each household in order its position, the line's id, case, household,
name as shown, and number of persons. A notice may be prolonged; the audit trail holds by how many days, and they are taken off
again, so that neither day can be altered unseen. The village in a line follows its household when that moves, and is left out.
"""

_PROLONGED = """(
    SELECT coalesce(sum((act.data ->> 'days')::integer), 0)::integer FROM audit_event AS act
    WHERE act.object_kind = 'case_notice' AND act.object_id = notice.public_id AND act.verb = 'notice.prolonged')"""

# One row per notice between two ids, the first left out: its digest as it is now.
NOTICE_DIGESTS = f"""
    SELECT notice.id, sha256(convert_to(json_build_array(notice.id, notice.public_id, notice.kind, notice.village_code,
        notice.round_id, notice.published_on, notice.closes_on - {_PROLONGED}, notice.gone_on - {_PROLONGED},
        notice.published_by_id,
        (SELECT json_agg(json_build_array(line.position, line.id, line.case_id, line.household_id, line.shown_as, line.persons)
            ORDER BY line.position) FROM case_notice_line AS line WHERE line.notice_id = notice.id))::text, 'UTF8')) AS digest
    FROM case_notice AS notice
    WHERE notice.id > :after AND notice.id <= :through
"""

# One row per notice whose procedure has gone on, or was stopped.
CLOSING_DIGESTS = """
    SELECT notice.id,
        sha256(convert_to(json_build_array(notice.id, notice.public_id, notice.closed_on, notice.stopped_on)::text, 'UTF8'))
            AS digest
    FROM case_notice AS notice
    WHERE notice.closed_on IS NOT NULL AND notice.id > :after AND notice.id <= :through
"""

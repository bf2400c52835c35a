"""Whether an extension keeps to the form above it: it may add questions, and nothing else. Pure, no database."""

from marketplace.kernel.errors import N_
from marketplace.registry.forms.questions import ADDABLE, Form, Question, Section, Type

Fault = tuple[str, dict[str, str]]
MOST_ADDED = 60


def faults_of_extension(standard: Form, extension: Form) -> list[Fault]:
    """What an extension does that it may not: for each fault a sentence and the names to put into it."""
    above = {question.name: (section, question) for section, question in standard.questions()}
    below = {question.name: (section, question) for section, question in extension.questions()}
    faults: list[Fault] = [
        (N_("The question “%(name)s” of the form above is missing."), {"name": name}) for name in above if name not in below
    ]
    for name, (section, question) in above.items():
        if name in below:
            faults += _altered(name, section, question, *below[name])
    added = [asked for name, asked in below.items() if name not in above]
    sections = {section.name: section for section in standard.sections}
    faults += [fault for section, question in added for fault in _added(section, question)]
    if len(added) > MOST_ADDED:
        faults.append((N_("More than %(most)s questions are added."), {"most": str(MOST_ADDED)}))
    for section in extension.sections:
        known = sections.get(section.name)
        if section.repeats and (known is None or not known.repeats):
            faults.append((N_("The section “%(name)s” may not be repeated."), {"name": section.name}))
    return faults


def _altered(name: str, section: Section, question: Question, its_section: Section, its: Question) -> list[Fault]:
    here = {"name": name}
    faults: list[Fault] = []
    if its.type != question.type:
        faults.append((N_("The question “%(name)s” has another type than above."), here))
    if [choice.value for choice in its.choices] != [choice.value for choice in question.choices]:
        faults.append((N_("The question “%(name)s” has other choices than above."), here))
    if question.required and not its.required:
        faults.append((N_("The question “%(name)s” must be answered above, and here it need not be."), here))
    if its.condition != question.condition or (its_section.name, its_section.repeats) != (section.name, section.repeats):
        faults.append((N_("The question “%(name)s” is asked under another condition or in another section than above."), here))
    if its.bounds != question.bounds or its.source != question.source:
        faults.append((N_("The question “%(name)s” has other bounds than above."), here))
    return faults


def _added(section: Section, question: Question) -> list[Fault]:
    here = {"name": question.name}
    faults: list[Fault] = []
    if not question.name.startswith("x_"):
        faults.append((N_("The name of the added question “%(name)s” must begin with x_."), here))
    # A photo belongs to the household, so none is taken member by member.
    if question.type not in ADDABLE or (section.repeats and question.type == Type.PHOTO):
        faults.append((N_("The added question “%(name)s” has a type that cannot be added."), here))
    if not question.label.zh or not question.label.en:
        faults.append((N_("The added question “%(name)s” needs its text in Chinese and in English."), here))
    return faults

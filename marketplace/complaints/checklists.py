"""What an inspector looks at, by topic: money, the projects that it pays, and policies for farmers. Data, no code."""

from marketplace.complaints.models import Topic
from marketplace.kernel.errors import N_

CHECKLISTS: dict[Topic, dict[str, str]] = {
    Topic.FUNDS: {
        "on_time": N_("The money was passed on within the time that its document names."),
        "purpose": N_("It was spent on what it was given for, and on nothing else."),
        "receipts": N_("Every payment has its document, and the amounts agree."),
        "reached": N_("Payees that were asked have received the whole amount."),
        "notice": N_("Plan and result hang out in the village, with a number to call."),
        "works_there": N_("What was built or bought stands there and is used."),
        "progress": N_("The works are as far on as the money that was spent."),
        "benefit": N_("The registered households share in it as was agreed."),
    },
    Topic.PROJECTS: {
        "declared": N_("What stands there is what was declared and approved."),
        "chosen": N_("Who builds it was chosen openly, and the documents are there."),
        "whole": N_("It was declared as one, not cut into parts that are judged lower down."),
        "measured": N_("The work was measured and accepted by people who did not build it."),
        "invoices": N_("Every payment has its invoice, and the price is what others pay."),
        "benefit": N_("The registered households share in it as was agreed."),
        "wages": N_("Villagers who worked on it were paid in full."),
        "works_there": N_("What was built or bought stands there and is used."),
    },
    Topic.POLICY: {
        "known": N_("Households that were asked know what they are entitled to."),
        "complete": N_("All who are entitled are on the list; nobody is left out."),
        "no_others": N_("Nobody on the list is not entitled."),
        "paid_in_full": N_("Subsidies were paid in full and on time, with nothing kept back."),
        "no_fee": N_("No fee and no favour was asked for it."),
        "forms": N_("Nobody had to hand in papers that the policy does not ask for."),
        "visits": N_("The helper came as often as the policy says."),
        "answers": N_("Questions and complaints were answered in time."),
    },
}

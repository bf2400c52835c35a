"""The register's words as people are told them: groups of data, grounds, readers, kinds of people."""

from dataclasses import dataclass

from marketplace.kernel.errors import N_

PEOPLE = {
    "everybody": N_("Everybody who signs in"),
    "buyer": N_("Buyers"),
    "farmer": N_("Sellers and their households"),
    "household": N_("Registered households"),
    "office": N_("Officers and operators"),
}

# By what right, after PIPL, article 13, paragraph 1.
BASES = {
    "none": N_("It says nothing of a person."),
    "consent": N_("You have agreed to it, and can take that back (PIPL, article 13 (1), and 29 for what is sensitive)."),
    "contract": N_("We need it to do what you ask of us (PIPL, article 13 (2))."),
    "duty": N_("The law or a public duty has us keep it (PIPL, article 13 (3))."),
}

READERS = {
    "public": N_("everybody"),
    "self": N_("you"),
    "seller": N_("the seller you buy from"),
    "office": N_("officers of your area"),
    "operator": N_("the operator"),
    "inspection": N_("whoever hears it, and never whom it accuses nor anybody over or under them"),
    "nobody": N_("nobody; only the program uses it"),
}


@dataclass(frozen=True)
class Group:
    """Data that belong together for the person they are about."""

    person: str
    name: str
    what: str


GROUPS = {
    "account": Group(
        "everybody",
        N_("Your account"),
        N_("The name you sign in with, what we call you, your language, and your password as a hash nobody can read back."),
    ),
    "sign_in": Group(
        "everybody",
        N_("Signing in"),
        N_("Failed attempts with the address they came from; for officers, the secret of the phone’s code."),
    ),
    "contact": Group(
        "everybody",
        N_("Telling you things"),
        N_("The phone number or e-mail address you gave for it, and the messages we sent there."),
    ),
    "consents": Group(
        "everybody", N_("What you agreed to"), N_("For what, in which words, when and how, and when you took it back.")
    ),
    "programs": Group(
        "everybody",
        N_("Programs of your own"),
        N_("Their names, addresses and tokens, the tokens as digests that nobody can read back."),
    ),
    "purchases": Group(
        "buyer",
        N_("Your purchases"),
        N_("What you bought, for how much, and for whom, at which phone number and address it arrives."),
    ),
    "after_sale": Group(
        "buyer",
        N_("Claims, messages and reviews"),
        N_("What you write to a seller, photographs for a claim, and reviews under a masked name."),
    ),
    "history": Group(
        "buyer",
        N_("What you look at"),
        N_("Goods you looked at and lists you were shown, so that lists fit you. You can switch it off and delete it."),
    ),
    "farm": Group(
        "farmer",
        N_("Your goods"),
        N_("Your goods with their story, pictures and certificates, and which household brought how much."),
    ),
    "money": Group(
        "farmer",
        N_("Your money"),
        N_("What you earned and were paid, and your bank account, sealed; people see its last four figures."),
    ),
    "mandates": Group(
        "farmer",
        N_("Who acts for you"),
        N_("Who may act in your name and how you agreed. The picture of your paper is never public."),
    ),
    "household": Group(
        "household",
        N_("The register"),
        N_("That your household is registered, of which kind and when. The public is never told."),
    ),
    "complaints": Group(
        "everybody",
        N_("What you complained of"),
        N_("Your words, sealed; your name and how to reach you only if you gave them. Without a name nothing leads to you."),
    ),
    "deeds": Group(
        "office",
        N_("What you do in office"),
        N_("What you decided or changed, when, and in whose name, in a trail that cannot be altered unseen."),
    ),
}

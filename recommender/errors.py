"""What the relevance half of this package refuses, by name.

Every error is a ValueError, so a caller that knows nothing of this package still catches it.
"""


class RecommenderError(ValueError):
    """Any refusal of the relevance half of this package."""


class InvalidInteractionsError(RecommenderError):
    """A column of the log is missing, of another length, not finite, negative, or of an unknown kind."""


class EmptyLogError(InvalidInteractionsError):
    """There is nothing to learn from: the log has no event that counts."""


class InvalidItemFeaturesError(RecommenderError):
    """The table of item features cannot be read as documented."""


class InvalidConfigError(RecommenderError):
    """A setting is of the wrong type or outside its range."""


class InvalidRequestError(RecommenderError):
    """A list, a shortlist or a probability was asked for in a way that has no answer."""


class EngineUnavailableError(RecommenderError):
    """The engine that the settings name is not installed, or does not start, here."""


class NotFittedError(RecommenderError):
    """The recommender has not been fitted or loaded yet."""


class UnsavableIdError(RecommenderError):
    """An outside id is neither an int, a str, a UUID nor a tuple of those, so no file can hold it."""


class ModelFileError(RecommenderError):
    """A saved model cannot be used."""


class ForeignModelError(ModelFileError):
    """The folder was not written by this package, or by a version that this one cannot read."""


class DamagedModelError(ModelFileError):
    """A file of the saved model is missing, cut short or changed since it was written."""

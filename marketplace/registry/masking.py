"""Names by which a neighbour knows who is meant and a stranger does not."""


def masked_name(name: str) -> str:
    """The first character and, from three on, the last; how long the name is does not show, and of a single one nothing does.

    >>> masked_name("杨阿山"), masked_name("潘花"), masked_name("阿卜杜拉·买买提"), masked_name("杨"), masked_name("")
    ('杨*山', '潘*', '阿*提', '*', '')
    """
    plain = "".join(name.split())
    if len(plain) < 2:
        return "*" * len(plain)
    return f"{plain[0]}*{plain[-1] if len(plain) > 2 else ''}"

"""What a page shows of a name."""

# Family names of two characters, as far as they are met in registers of households.
_DOUBLE = frozenset(
    [
        *(
            "欧阳",
            "太史",
            "端木",
            "上官",
            "司马",
            "东方",
            "独孤",
            "南宫",
            "万俟",
            "闻人",
            "夏侯",
            "诸葛",
            "尉迟",
            "公羊",
            "赫连",
        ),
        *(
            "澹台",
            "皇甫",
            "宗政",
            "濮阳",
            "公冶",
            "太叔",
            "申屠",
            "公孙",
            "慕容",
            "仲孙",
            "钟离",
            "长孙",
            "宇文",
            "司徒",
            "鲜于",
        ),
        *(
            "司空",
            "闾丘",
            "司寇",
            "公西",
            "公良",
            "漆雕",
            "乐正",
            "宰父",
            "谷梁",
            "拓跋",
            "轩辕",
            "令狐",
            "百里",
            "呼延",
            "东郭",
        ),
    ]
)


def shown_as(name: str) -> str:
    """The family name and 某; a household without a head on file is some household.

    >>> shown_as("杨阿山"), shown_as("欧阳小妹"), shown_as("")
    ('杨某', '欧阳某', '某户')
    """
    name = "".join(name.split())
    if not name:
        return "某户"
    return (name[:2] if name[:2] in _DOUBLE and len(name) > 2 else name[:1]) + "某"

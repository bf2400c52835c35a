"""What is planned against each cause of poverty, in the standard's measures and in words."""

PLANS: dict[str, tuple[list[str], str]] = {
    "illness": (["health", "safety_net"], "落实大病救治和慢病签约服务，减轻医疗支出。"),
    "disability": (["health", "safety_net"], "落实残疾人两项补贴，配发辅助器具。"),
    "schooling": (["education"], "落实教育资助，帮助子女完成学业。"),
    "disaster": (["industry", "relocation"], "恢复受灾生产，发展种养业。"),
    "lack_of_land": (["jobs", "relocation"], "组织外出务工，符合条件的易地搬迁。"),
    "lack_of_water": (["industry", "relocation"], "改善饮水和灌溉条件，发展耐旱作物。"),
    "lack_of_skill": (["industry", "jobs"], "参加种植养殖和务工技能培训。"),
    "lack_of_labour": (["safety_net", "ecology"], "落实低保兜底，安排公益性岗位。"),
    "lack_of_funds": (["industry"], "提供小额信贷，发展茶叶和畜禽养殖。"),
    "poor_road": (["industry", "jobs"], "修通到户道路，带动农产品外销。"),
    "lack_of_drive": (["jobs", "education"], "干部结对帮扶，鼓励参加务工和培训。"),
    "other": (["industry", "safety_net"], "按户施策，逐项落实帮扶措施。"),
}

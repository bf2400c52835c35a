import json
import uuid
from pathlib import Path

import numpy as np
import pytest

from recommender import (
    DamagedModelError,
    ForeignModelError,
    Interactions,
    ModelFileError,
    Recommender,
    RecommenderConfig,
    UnsavableIdError,
)
from tests.recommender.shop_log import DAY, shop_features, shop_log

SMALL = RecommenderConfig(factors=4, threads=1)


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Recommender, Path]:
    model = Recommender(SMALL).fit(shop_log(), shop_features())
    model.save(tmp_path / "model")
    return model, tmp_path / "model"


def test_save_then_load_changes_nothing(saved):
    model, path = saved
    loaded = Recommender.load(path)
    users = [1000, 1001, "stranger"]
    assert loaded.config == model.config
    assert loaded.relevance(users).tobytes() == model.relevance(users).tobytes()
    one, two = model.recommend(users, 7), loaded.recommend(users, 7)
    assert [ids.tolist() for ids in one.item_ids] == [ids.tolist() for ids in two.item_ids]
    assert one.reasons == two.reasons
    log = Interactions.from_events([1000, 7], ["item-03", "item-03"], [200 * DAY] * 2, "purchase")
    folded = [one.fold_in(log, {"item_id": ["fresh"], "type": ["odd"]}) for one in (model, loaded)]
    assert folded[0].relevance([1000, 7]).tobytes() == folded[1].relevance([1000, 7]).tobytes()


def test_a_loaded_model_is_mapped_and_cannot_be_written(saved):
    _, path = saved
    loaded = Recommender.load(path)
    assert not loaded.state.item_factors.flags.writeable
    assert not loaded.state.item_factors.flags.owndata


def test_same_seed_and_data_write_the_same_bytes(saved, tmp_path):
    _, path = saved
    Recommender(SMALL).fit(shop_log(), shop_features()).save(tmp_path / "again")
    names = sorted(file.name for file in path.iterdir())
    assert names == sorted(file.name for file in (tmp_path / "again").iterdir())
    assert all((path / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in names)


@pytest.mark.parametrize("user", [uuid.UUID(int=7), ("province", 44), "农户", 2**70])
def test_ids_of_every_documented_kind_come_back(user, tmp_path):
    log = Interactions.from_events([user, "other"], ["x", "y"], [0.0, 1.0], "purchase")
    model = Recommender(SMALL).fit(log)
    model.save(tmp_path / "m")
    assert Recommender.load(tmp_path / "m").relevance([user]).tobytes() == model.relevance([user]).tobytes()


def test_an_id_that_no_file_can_hold_is_refused_by_name(tmp_path):
    log = Interactions.from_events([frozenset({1})], ["x"], [0.0], "purchase")
    with pytest.raises(UnsavableIdError, match="frozenset"):
        Recommender(SMALL).fit(log).save(tmp_path / "m")


def test_an_empty_folder_is_foreign(tmp_path):
    with pytest.raises(ForeignModelError, match=r"manifest\.json"):
        Recommender.load(tmp_path)


@pytest.mark.parametrize("change", [{"format": "another"}, {"version": 99}])
def test_another_format_or_version_is_foreign(saved, change):
    _, path = saved
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps(manifest | change))
    with pytest.raises(ForeignModelError):
        Recommender.load(path)


@pytest.mark.parametrize("name", ["manifest.json", "item_factors.npy", "users.npy"])
def test_a_truncated_file_is_named_as_damaged(saved, name):
    _, path = saved
    content = (path / name).read_bytes()
    (path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(DamagedModelError, match=name.split(".")[0]):
        Recommender.load(path)


def test_a_missing_file_is_named_as_damaged(saved):
    _, path = saved
    (path / "own_logits.npy").unlink()
    with pytest.raises(DamagedModelError, match="own_logits"):
        Recommender.load(path)


def test_a_changed_byte_is_found_by_its_digest(saved):
    _, path = saved
    content = bytearray((path / "item_factors.npy").read_bytes())
    content[-1] ^= 1
    (path / "item_factors.npy").write_bytes(bytes(content))
    with pytest.raises(DamagedModelError, match="item_factors"):
        Recommender.load(path)
    assert Recommender.load(path, verify=False).state.items is not None


def test_a_manifest_without_its_entries_is_damaged(saved):
    _, path = saved
    manifest = json.loads((path / "manifest.json").read_text())
    del manifest["files"]["items"]
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DamagedModelError, match="incomplete"):
        Recommender.load(path)


def test_a_pickled_array_is_never_opened(saved):
    _, path = saved
    with (path / "benefit.npy").open("wb") as file:
        np.save(file, np.array([object()], dtype=object), allow_pickle=True)
    with pytest.raises(ModelFileError):
        Recommender.load(path, verify=False)

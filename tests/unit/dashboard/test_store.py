"""Datasets kept as plain arrays come back as they were, shared and read-only."""

import numpy as np
import pytest
import xarray as xr

from povsim.views import store


def example():
    long = np.array([f"户{number}" for number in range(30_000)])
    return xr.Dataset(
        {
            "count": (("unit", "year"), np.arange(6, dtype=np.int16).reshape(3, 2), {"unit": "户", "digits": 0}),
            "share": (("unit", "year"), np.array([[0.1, np.nan], [np.inf, 0], [1, 2]], dtype=np.float32)),
            "on": ("unit", [True, False, True]),
            "when": ("year", np.array(["2016-01-01", "NaT"], dtype="datetime64[ns]")),
            "name": ("unit", np.array(["甲", '<img src=x onerror="x">', ""], dtype=object)),
            "total": ((), 3.5),
            "nothing": ("empty", np.zeros(0)),
            "income": ("household", np.arange(30_000, dtype=np.float64)),
            "turned": (("year", "household"), np.arange(60_000.0).reshape(30_000, 2).T),
        },
        {"unit": ["a", "b", "c"], "year": [2016, 2017], "household": long, "short": ("household", long)},
        {"title": "说明", "made": np.float64(1.5), "list": np.arange(3), "nested": {"a": [1, None]}},
    )


def test_everything_comes_back(tmp_path):
    made = example()
    back = store.read(store.write(made, tmp_path / "one"))
    assert set(back.variables) == set(made.variables)
    for name in made.variables:
        assert back[name].dims == made[name].dims
        np.testing.assert_array_equal(back[name].values, made[name].values)
        assert dict(back[name].attrs) == dict(made[name].attrs)
        kind = made[name].dtype.kind
        assert back[name].dtype == made[name].dtype or kind in "OU"
    assert back.attrs == {"title": "说明", "made": 1.5, "list": [0, 1, 2], "nested": {"a": [1, None]}}
    assert set(back.coords) == set(made.coords)
    assert float(back["count"].sel(unit="b", year=2017)) == 3


def test_large_arrays_are_maps_of_the_file_and_cannot_be_changed(tmp_path):
    back = store.read(store.write(example(), tmp_path))
    for name in ("income", "turned", "household"):
        base = back[name].values
        while base.base is not None and not isinstance(base, np.memmap):
            base = base.base
        assert isinstance(base, np.memmap), name
    for name in ("income", "count", "name"):
        with pytest.raises(ValueError, match="read-only"):
            back[name].values[...] = back[name].values


def test_long_coordinates_make_no_index_of_objects(tmp_path):
    back = store.read(store.write(example(), tmp_path))
    assert "household" not in back.indexes
    assert "unit" in back.indexes
    assert back.isel(household=[2])["household"].values.tolist() == ["户2"]


def test_nothing_is_pickled(tmp_path):
    mixed = xr.Dataset({"mixed": ("unit", np.array([1, "a", None], dtype=object))})
    with pytest.raises(TypeError, match="mixed: holds objects that are not texts"):
        store.write(mixed, tmp_path)
    with pytest.raises(TypeError, match="wave: arrays of complex128"):
        store.write(xr.Dataset({"wave": ("unit", [1j])}), tmp_path)
    with pytest.raises(TypeError, match="of object cannot be kept"):
        store.write(xr.Dataset(attrs={"thing": object()}), tmp_path)


def test_an_array_with_objects_in_its_file_is_refused(tmp_path):
    folder = store.write(xr.Dataset({"count": ("unit", np.arange(3))}), tmp_path)
    file = next(folder.glob("*.npy"))
    np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        store.read(folder)


def test_no_dataset_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        store.read(tmp_path)

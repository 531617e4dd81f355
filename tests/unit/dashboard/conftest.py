"""Small runs on disk for the tests of the dashboards."""

import pytest

from povsim.dashboard.demonstration import Demonstration, make_runs


@pytest.fixture(scope="session")
def two_runs(tmp_path_factory):
    """Folders of two plans of the sample county on the same luck."""
    return make_runs(Demonstration("sample", 3), tmp_path_factory.mktemp("runs"))

"""One prepared data set and the undisturbed runs that others are held to, for all tests of this folder."""

import pytest

from resume.attempts import Lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    made = Lab(tmp_path_factory.mktemp("lab"))
    try:
        made.prepare()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def undisturbed(lab):
    """Two ranks, exact, three epochs in one go."""
    attempt = lab.train("undisturbed", exact=True)
    assert attempt.end().failure is None
    return attempt

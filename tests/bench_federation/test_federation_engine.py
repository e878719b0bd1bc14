from bench.federation_engine import threads


def test_sums_of_threads_are_those_that_they_must_be():
    found = threads(3, 4, 50)
    assert found["worst_error"] < 3 * 2**-25  # half a step of 2^-24 a site
    assert (found["sites"], found["rounds"], found["entries"]) == (3, 4, 50)

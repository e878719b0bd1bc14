import sys
import threading
import warnings

import pytest

from nof1.core.quiet import quiet


@pytest.fixture
def shown(monkeypatch):
    """What would be printed. pytest's own way of catching warnings is put aside."""
    told = []
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        monkeypatch.setattr(warnings, "showwarning", lambda message, *rest: told.append(message))
        yield told


def test_one_thread_that_ends_does_not_wake_the_other(shown):
    """With ``catch_warnings`` in both, the second thread's warning was shown."""
    first_in, second_in, first_out = (threading.Event() for _ in range(3))

    def first():
        with quiet():
            first_in.set()
            second_in.wait(10)
        first_out.set()

    def second():
        first_in.wait(10)
        with quiet():
            second_in.set()
            first_out.wait(10)
            warnings.warn("a name of a patient", stacklevel=1)

    threads = [threading.Thread(target=one) for one in (first, second)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(20)
    assert not shown
    warnings.warn("after it", stacklevel=1)
    assert [str(one) for one in shown] == ["after it"]


def test_many_threads_are_quiet_and_leave_things_as_they_were(shown):
    before, switch = list(warnings.filters), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def run():
        for _ in range(200):
            with quiet():
                warnings.warn("a name of a patient", stacklevel=1)

    threads = [threading.Thread(target=run) for _ in range(4)]
    try:
        for one in threads:
            one.start()
        for one in threads:
            one.join(20)
    finally:
        sys.setswitchinterval(switch)
    assert not shown
    assert warnings.filters == before


def test_an_error_inside_ends_the_silence(shown):
    with pytest.raises(ZeroDivisionError), quiet():
        1 / 0  # noqa: B018
    warnings.warn("heard", stacklevel=1)
    assert len(shown) == 1

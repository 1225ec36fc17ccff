"""The protocol: what the engine and the user get to see of successes, failures, secrets and cancellations."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from pulumi.runtime.proto import provider_pb2

from datakit_iac.contract.connection import Connection
from datakit_iac.executors.protocol import Cancelled
from datakit_iac.findings.fault import Fault
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.provider.property_values import SECRET, SIGNATURE, UNKNOWN, write
from datakit_iac.provider.protocol import Call, PartialError, Properties
from datakit_iac.provider.responses import printable
from datakit_iac.runs.operation import NotDoneError
from datakit_iac.runs.stores.access import alone
from datakit_iac.technologies.technology import StoreError
from datakit_iac.testing.lifecycle import Lifecycle, OperationError, RefusedError, Subject
from tests.provider.toys import TOKEN, Toy

PLANTED = "hunter2-long-and-secret"
SECRETIVE = {"password": Secret(PLANTED), "nested": {"deep": [Secret({"key": PLANTED + "-too"})]}}


@contextmanager
def toy(act: Callable[[Properties, Call], Properties]) -> Iterator[tuple[Lifecycle, Subject]]:
    with Lifecycle({TOKEN: Toy(act)}) as lifecycle:
        yield lifecycle, lifecycle.subject(TOKEN, "toy")


def unless_preview(failure: Exception) -> Callable[[Properties, Call], Properties]:
    def act(new: Properties, call: Call) -> Properties:
        if not call.preview:
            raise failure
        return {}

    return act


# Failures.


@pytest.mark.parametrize("failure", [NotDoneError("it broke"), StoreError("it broke")])
def test_a_failure_is_told_in_its_own_words_and_leaves_nothing(failure: Exception) -> None:
    with toy(unless_preview(failure)) as (_, subject), pytest.raises(OperationError) as raised:
        subject.up({"a": 1})
    assert (str(raised.value), raised.value.partial, subject.id) == ("it broke", None, "")


def test_a_half_failure_is_recorded_with_id_and_properties_and_tried_again() -> None:
    failing = [True]

    def act(new: Properties, call: Call) -> Properties:
        if call.preview or not failing:
            return {"whole": True}
        failing.clear()
        raise PartialError("toy-7", {"made": ["one", "two"]}, "the third failed")

    with toy(act) as (_, subject):
        with pytest.raises(OperationError, match="the third failed") as raised:
            subject.up({"a": 1})
        assert raised.value.partial == {
            "id": "toy-7",
            "properties": {"made": ["one", "two"]},
            "reasons": ["the third failed"],
        }
        assert (subject.id, subject.failed) == ("toy-7", True)
        assert subject.up({"a": 1}).kind == "update"
        assert (subject.id, subject.outputs, subject.failed) == ("toy-7", {"whole": True}, False)


def test_an_unexpected_exception_is_one_line_without_a_traceback() -> None:
    with toy(unless_preview(KeyError("missing"))) as (_, subject), pytest.raises(OperationError) as raised:
        subject.up({})
    assert str(raised.value).startswith("internal error (please report it): KeyError in act, line ")
    assert "\n" not in str(raised.value)
    assert "Traceback" not in str(raised.value)


def test_faults_of_inputs_are_told_without_the_inputs() -> None:
    wrong = Fault("invalid-value", ("a",), "is wrong")
    faults = Toy(find=lambda new, call: [wrong, Fault("invalid-value", ("b",), f"is {new['b'].reveal()}")])
    with Lifecycle({TOKEN: faults}) as lifecycle, pytest.raises(RefusedError) as refused:
        lifecycle.subject(TOKEN, "toy").preview({"a": "long value", "b": Secret(PLANTED)})
    assert refused.value.reasons == ("a: is wrong", "b: is [secret]")


# Secrets.


@pytest.mark.parametrize("operation", ["create", "update", "read", "delete"])
@pytest.mark.parametrize("kind", [NotDoneError, RuntimeError])
def test_no_message_and_no_error_holds_a_secret(operation: str, kind: type[Exception]) -> None:
    armed = threading.Event()

    def act(new: Properties, call: Call) -> Properties:
        for say in (call.tell, call.warn):
            say(f"using {PLANTED} and {PLANTED}-too")
        if armed.is_set() and not call.preview:
            raise kind(f"refused: {PLANTED}, {PLANTED}-too")
        return {}

    acts: dict[str, Callable[[Subject], object]] = {
        "create": lambda subject: subject.up(SECRETIVE),
        "update": lambda subject: subject.up({"changed": 1}),
        "read": Subject.refresh,
        "delete": Subject.destroy,
    }
    with toy(act) as (lifecycle, subject):
        if operation != "create":
            subject.up(SECRETIVE)
        armed.set()
        with pytest.raises(OperationError) as raised:
            acts[operation](subject)
        assert "[secret]" in str(raised.value)
        assert "hunter2" not in str(raised.value) + lifecycle.said()
        assert "using [secret] and [secret]" in lifecycle.said()


def test_a_half_failure_redacts_its_reason_and_keeps_secrets_marked() -> None:
    failure = PartialError("toy", {"token": Secret(PLANTED)}, f"not with {PLANTED}")
    with toy(unless_preview(failure)) as (_, subject), pytest.raises(OperationError) as raised:
        subject.up({"password": Secret(PLANTED)})
    assert raised.value.partial == {
        "id": "toy",
        "properties": {"token": Secret(PLANTED)},
        "reasons": ["not with [secret]"],
    }


def test_outputs_keep_their_secrets_marked_on_the_wire() -> None:
    with toy(lambda new, call: {"echo": new["password"]}) as (lifecycle, _):
        urn = f"urn:pulumi:dev::project::{TOKEN}::toy"
        request = provider_pb2.CreateRequest(urn=urn, properties=write({"password": Secret(PLANTED)}))
        answer = lifecycle.call(lifecycle.stub.Create, request)
    echoed = answer.properties["echo"]
    assert (echoed[SIGNATURE], echoed["value"]) == (SECRET, PLANTED)


def test_secrets_within_secrets_go_longest_first() -> None:
    assert printable("abc abcdef", [Secret("abc"), {"x": Secret("abcdef")}]) == "[secret] [secret]"
    assert printable("nothing hidden", {"x": Secret("")}) == "nothing hidden"


def test_a_message_holds_no_derived_form_and_nothing_unseen() -> None:
    value = "p@ss word/1"
    said = f"401 {quote(value)} {base64.b64encode(f'ann:{value}'.encode()).decode()} a\u202e\r\n  ::error::x"
    with toy(unless_preview(NotDoneError(said))) as (_, subject), pytest.raises(OperationError) as raised:
        subject.up({"password": Secret(value)})
    assert str(raised.value) == "401 [secret] YW5uO[secret] a\\u202e\n  \\x3a:error::x"


def test_what_is_called_a_secret_is_hidden_though_nobody_marked_it() -> None:
    given = {"connection": {"password": "hunter2", "url": "pg://ann:x-y-z@db"}}
    assert printable("no hunter2, pg://ann:x-y-z@db", given) == "no [secret], pg://ann:[secret]@db"
    assert printable("no pg://ann:x-y-z@db/a", {}) == "no pg://ann:[secret]@db/a"


# Differences.


def test_a_difference_names_its_properties_and_what_replaces() -> None:
    with toy(lambda new, call: {}) as (_, subject):
        subject.up({"a": 1, "place": "here"})
        step = subject.preview({"a": 2, "place": "there"})
    assert (step.kind, step.changed, step.replaces) == ("replace", ("a", "place"), ("place",))


def test_what_is_to_be_ignored_is_no_difference() -> None:
    with toy(lambda new, call: {}) as (lifecycle, subject):
        request = provider_pb2.DiffRequest(
            urn=subject.urn, old_inputs=write({"a": 1, "place": 1}), news=write({"a": 2, "place": 2}),
            ignoreChanges=["a", "place"],
        )  # fmt: skip
        answer = lifecycle.call(lifecycle.stub.Diff, request)
    assert answer.changes == provider_pb2.DiffResponse.DIFF_NONE
    assert (list(answer.diffs), list(answer.replaces)) == ([], [])


def test_what_only_the_update_will_know_travels_as_unknown() -> None:
    seen = list[object]()

    def act(new: Properties, call: Call) -> Properties:
        seen.append(new["a"])
        return {"b": UNKNOWN}

    with toy(act) as (_, subject):
        subject.preview({"a": UNKNOWN})
    assert seen == [UNKNOWN]


# Messages.


def test_messages_stand_under_their_resource_with_their_weight() -> None:
    def act(new: Properties, call: Call) -> Properties:
        if not call.preview:
            call.tell("told")
            call.warn("warned")
            call.status("busy")
        return {}

    with toy(act) as (lifecycle, subject):
        subject.up({})
    said = [
        (message.urn == subject.urn, message.text, message.warning, message.status) for message in lifecycle.messages
    ]
    assert said == [(True, "told", False, False), (True, "warned", True, False), (True, "busy", False, True)]


def test_a_call_knows_its_stack_and_environment() -> None:
    seen = list[str]()

    def act(new: Properties, call: Call) -> Properties:
        seen.extend((call.stack, call.environment))
        return {}

    with toy(act) as (_, subject):
        subject.preview({})
    assert seen == ["project/dev", "dev"]


# Many at once, and stopping them.


def test_operations_run_beside_each_other() -> None:
    barrier = threading.Barrier(8, timeout=10)

    def act(new: Properties, call: Call) -> Properties:
        if not call.preview:
            barrier.wait()
        return {}

    with Lifecycle({TOKEN: Toy(act)}) as lifecycle, ThreadPoolExecutor(8) as pool:
        subjects = [lifecycle.subject(TOKEN, f"toy{index}") for index in range(8)]
        assert {step.kind for step in pool.map(lambda subject: subject.up({}), subjects)} == {"create"}


def test_a_cancel_ends_what_listens_to_it() -> None:
    started = threading.Event()

    def act(new: Properties, call: Call) -> Properties:
        if not call.preview:
            started.set()
            call.cancel.wait(20)
            raise Cancelled
        return {}

    with toy(act) as (lifecycle, subject), ThreadPoolExecutor(1) as pool:
        running = pool.submit(subject.up, {})
        assert started.wait(10)
        begun = time.monotonic()
        lifecycle.cancel()
        with pytest.raises(OperationError, match=r"^cancelled$"):
            running.result(10)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("method", ["Create", "Update", "Delete"])
def test_an_operation_ends_with_its_custom_timeout(method: str) -> None:
    def act(new: Properties, call: Call) -> Properties:
        if call.cancel.wait(20):
            raise Cancelled
        return {}

    with toy(act) as (lifecycle, subject):
        asked = getattr(provider_pb2, f"{method}Request")(urn=subject.urn, timeout=0.3)
        begun = time.monotonic()
        with pytest.raises(OperationError, match=r"^stopped: it took longer than the 0.3 seconds of its customTimeo"):
            lifecycle.call(getattr(lifecycle.stub, method), asked)
        assert time.monotonic() - begun < 10


def test_a_cancel_ends_the_wait_for_a_turn(tmp_path: object) -> None:
    connection = Connection("duckdb", {"path": f"{tmp_path}/held.duckdb"})
    held, released = threading.Event(), threading.Event()

    def act(new: Properties, call: Call) -> Properties:
        if not call.preview:
            with alone([connection], call):
                held.set()
                released.wait(20)
        return {}

    with Lifecycle({TOKEN: Toy(act)}) as lifecycle, ThreadPoolExecutor(2) as pool:
        first = pool.submit(lifecycle.subject(TOKEN, "first").up, {})
        assert held.wait(10)
        second = pool.submit(lifecycle.subject(TOKEN, "second").up, {})
        while "waiting for duckdb:" not in lifecycle.said():
            time.sleep(0.01)
        lifecycle.cancel()
        try:
            with pytest.raises(OperationError, match=r"^cancelled$"):
                second.result(5)
        finally:
            released.set()
        assert first.result(5).kind == "create"


# The provider as a whole.


def test_the_provider_introduces_itself() -> None:
    with toy(lambda new, call: {}) as (lifecycle, _):
        assert lifecycle.call(lifecycle.stub.Handshake, provider_pb2.ProviderHandshakeRequest()).accept_secrets
        assert lifecycle.call(lifecycle.stub.GetSchema, provider_pb2.GetSchemaRequest()).schema == "{}"
        difference = lifecycle.call(lifecycle.stub.DiffConfig, provider_pb2.DiffRequest())
        assert difference.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_function_answers_or_fails_in_words() -> None:
    def twice(arguments: Properties, call: Call) -> Properties:
        if arguments["x"] < 0:
            raise NotDoneError("below zero")
        return {"y": arguments["x"] * 2}

    with Lifecycle({}, {"toy:index:twice": twice}) as lifecycle:
        assert lifecycle.invoke("toy:index:twice", {"x": 21}) == {"y": 42}
        with pytest.raises(OperationError, match=r"^below zero$"):
            lifecycle.invoke("toy:index:twice", {"x": -1})

"""A Job of a cluster while somebody waits for it: its pod, the lines of its log, its end."""

from __future__ import annotations

import contextlib
import queue
import re
import threading
import time
from typing import Any, Final, Literal

from datakit_iac.executors.kubernetes.cluster import Cluster, ClusterError, Object
from datakit_iac.executors.kubernetes.log import Reading, lines
from datakit_iac.executors.kubernetes.pod import CONTAINER, GRACE
from datakit_iac.executors.protocol import ExecutorError, LimitExceededError
from datakit_iac.executors.workload import Workload

_PAUSE: Final = 0.3
_SHORT: Final = 0.01
_LINES: Final = 1_000
"""Lines that are kept before somebody takes them; beyond, the log waits."""
_LONG: Final = 1 << 16
"""Characters of a line that is kept alone."""
_SILENCE: Final = 60.0
"""Seconds that the API server may be away."""
_WITHIN: Final = 4.0
"""Seconds that the pods of a Job may take to go."""
_STOPPED: Final = 143
_HOPELESS: Final = frozenset(
    {"ErrImageNeverPull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError"}
)
"""Why a container waits where waiting does not help."""
_NO_PROGRAM: Final = re.compile(r"executable file not found|no such file or directory|permission denied")
_QUOTA: Final = "exceeded quota"


class JobExecution:
    """A workload that is a Job; see `executors.protocol.Execution`.

    Args:
        cluster: where the Job is.
        job: the Job as the cluster has it.
        workload: what it runs.
    """

    def __init__(self, cluster: Cluster, job: Object, workload: Workload) -> None:
        self.exit_code: int | None = None
        self._cluster, self._workload = cluster, workload
        self._name, self._uid = job["metadata"]["name"], job["metadata"]["uid"]
        self._came: queue.Queue[str | int | Exception] = queue.Queue(_LINES)
        self._last = ""
        self._stop = threading.Event()
        self._log: Any = None
        self._is_running = self._is_gone = False
        threading.Thread(target=self._follow, name=f"log of {self._name}", daemon=True).start()

    @property
    def status(self) -> Literal["queued", "running", "ended"]:
        """`queued` until its container runs, `ended` once `exit_code` is known."""
        if self.exit_code is not None:
            return "ended"
        return "running" if self._is_running else "queued"

    def receive(self, timeout: float) -> str | None:
        """The next line without its end, or None where there is none within `timeout` seconds."""
        if self.exit_code is not None:
            raise EOFError("the workload has ended")
        try:
            came = self._came.get(timeout=timeout)
        except queue.Empty:
            return None
        match came:
            case str():
                return came
            case int():
                self.exit_code = came
                raise EOFError("the workload has ended")
        self.exit_code = _STOPPED
        raise came

    def cancel(self) -> None:
        """Delete the Job, its pods, and what belongs to it."""
        self._stop.set()
        if self._is_gone:
            return
        was_running, deadline = self.exit_code is None, time.monotonic() + _WITHIN
        self.exit_code = _STOPPED if was_running else self.exit_code
        with contextlib.suppress(ClusterError):  # of one that cannot be deleted now, the next start takes care
            self._cluster.delete_job(self._name, self._uid)
            self._is_gone = True
            while was_running and (left := self._cluster.pods_of(self._uid)) and time.monotonic() < deadline:
                for pod in left:
                    if "deletionTimestamp" not in pod["metadata"]:
                        self._cluster.delete_pod(pod["metadata"]["name"], GRACE)
                time.sleep(_PAUSE)
        if self._log is not None:
            with contextlib.suppress(Exception):
                self._log.close()

    def _follow(self) -> None:
        """Put all lines and then the end into the queue."""
        try:
            self._put(self._ended())
        except (ExecutorError, LimitExceededError, FileNotFoundError) as fault:
            self._put(fault)
        except Exception as fault:
            self._put(ExecutorError(f"the Job {self._name} cannot be followed: {type(fault).__name__}: {fault}"))

    def _put(self, what: str | int | Exception) -> None:
        if isinstance(what, str):
            self._last = what
        is_long = isinstance(what, str) and len(what) > _LONG
        while not self._stop.is_set():
            if is_long and not self._came.empty():
                self._stop.wait(_SHORT)
                continue
            with contextlib.suppress(queue.Full):
                self._came.put(what, timeout=0.5)
                return

    def _ended(self) -> int:
        """The exit code, once all lines were put; 143 where it was cancelled meanwhile."""
        read = Reading()
        said = ""
        away = time.monotonic() + _SILENCE
        while not self._stop.is_set():
            try:
                pod = self._pod()
                state = _state(pod)
                if pod and ((running := "running" in state) or "terminated" in state):
                    self._is_running = self._is_running or running
                    if _has_begun(state):
                        self._lines(pod["metadata"]["name"], read)
                    if ended := state.get("terminated"):
                        code = self._exit(pod, ended)
                        if (last := ended.get("message", "").rstrip()) and last != self._last:
                            self._put(last)
                        return code
                elif (waits := self._waits(pod, state)) and waits != said:
                    self._put(said := waits)
                away = time.monotonic() + _SILENCE
            except ClusterError as fault:
                if fault.status in (401, 403) or time.monotonic() > away:
                    raise
            self._stop.wait(_PAUSE)
        return _STOPPED

    def _pod(self) -> Object | None:
        """The Job's pod; None while there is none.

        Raises:
            ExecutorError: there will be none.
        """
        if pods := self._cluster.pods_of(self._uid):
            return max(pods, key=lambda each: str(each["metadata"]["creationTimestamp"]))
        job = self._cluster.get_job(self._name)
        if job is None or job["metadata"]["uid"] != self._uid:
            raise ExecutorError(f"the Job {self._name} was deleted by another")
        for each in job.get("status", {}).get("conditions", ()):
            if each["status"] == "True" and each["type"] in ("Failed", "Complete"):
                reason = each.get("message") or each.get("reason")
                raise ExecutorError(f"the pod of the Job {self._name} is gone: {reason}")
        return None

    def _waits(self, pod: Object | None, state: Object) -> str:
        """What a workload that does not run yet waits for, in a line; nothing where that is usual.

        Raises:
            ExecutorError: it waits in vain.
        """
        if pod is None:
            refused = [
                each["message"] for each in self._cluster.events_of(self._uid) if each["reason"] == "FailedCreate"
            ]
            if refused and _QUOTA not in refused[-1]:
                raise ExecutorError(f"the cluster refused the pod of {self._workload.name}: {refused[-1]}")
            return f"{self._workload.name} waits: {refused[-1]}" if refused else ""
        if pod["status"].get("phase") == "Failed":
            reason = pod["status"].get("message") or pod["status"].get("reason")
            raise ExecutorError(f"the pod of {self._workload.name} was stopped: {reason}")
        if waiting := state.get("waiting"):
            reason, message = waiting.get("reason", ""), waiting.get("message", "")
            if _NO_PROGRAM.search(message) and "Image" not in reason:
                raise self._no_program(message)
            if reason in _HOPELESS:
                message = self._image_message(pod) if reason == "ImagePullBackOff" else message
                image = self._workload.image
                raise ExecutorError(
                    f"the container of {self._workload.name} cannot start ({image}): {reason}: {message}"
                )
        for each in pod["status"].get("conditions", ()):
            if each["type"] == "PodScheduled" and each["status"] == "False":
                return f"{self._workload.name} waits for a node: {each.get('message') or each.get('reason')}"
        return ""

    def _image_message(self, pod: Object) -> str:
        """Why an image cannot be pulled, which the pod's own state says only in the moment after."""
        events = self._cluster.events_of(pod["metadata"]["uid"])
        told = [each["message"] for each in events if each["reason"] == "Failed" and "pull image" in each["message"]]
        return str(told[-1]) if told else "it cannot be pulled"

    def _no_program(self, message: str) -> FileNotFoundError:
        program = self._workload.argv[0] if self._workload.argv else "that it names"
        return FileNotFoundError(f"the image {self._workload.image} has no program {program}: {message}")

    def _exit(self, pod: Object, terminated: Object) -> int:
        """The exit code of a container that has ended.

        Raises:
            LimitExceededError: it used more memory than it may.
            ExecutorError: the cluster ended it.
        """
        reason, message = terminated.get("reason", ""), terminated.get("message", "")
        if reason == "OOMKilled":
            limit = self._workload.resources.get("limits", {}).get("memory", "") or "what its node has"
            raise LimitExceededError(
                f"the job used more memory than its `resources` limit it to, {limit}: it was stopped"
            )
        if reason in ("StartError", "ContainerCannotRun"):
            if _NO_PROGRAM.search(message):
                raise self._no_program(message)
            raise ExecutorError(f"the container of {self._workload.name} cannot start: {message}")
        if why := pod["status"].get("reason"):
            said = pod["status"].get("message", "")
            raise ExecutorError(f"the pod of {self._workload.name} was stopped: {why}: {said}")
        return int(terminated["exitCode"])

    def _lines(self, pod: str, read: Reading) -> None:
        """Put the lines of the log until it ends or breaks; what was put before is left out."""
        try:
            self._log = self._cluster.log(pod, CONTAINER, read.last)
        except ClusterError as fault:
            if fault.status in (400, 404):  # the container is not there yet, or not any more
                return
            raise
        read.resume()
        with contextlib.closing(self._log) as log:
            for line in lines(log):
                if self._stop.is_set():
                    return
                if (text := read.text(line)) is not None:
                    self._put(text)


def _state(pod: Object | None) -> Object:
    """The state of the container of a pod; nothing where it has none yet."""
    found = (pod or {}).get("status", {}).get("containerStatuses") or [{}]
    state: Object = found[0].get("state") or {}
    return state


def _has_begun(state: Object) -> bool:
    return "running" in state or state["terminated"].get("reason") not in ("StartError", "ContainerCannotRun")

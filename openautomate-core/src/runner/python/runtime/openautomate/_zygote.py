"""A process that waits with everything loaded and forks when the agent asks (Linux only).

The requests and answers are described in ``runner/process/linux/zygote.rs``. No code of an automation runs in
here, and there is one thread, so that a fork copies nothing that another thread is in the middle of.
"""

from __future__ import annotations

import _signal
import _socket
import gc
import os
import select
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_REQUEST = 5
_kept: list[object] = []
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def serve(
    control: int,
    preload: list[str],
    become_run: Callable[..., None],
    fill_holes: Callable[[], None],
) -> None:
    """Forks for the agent; returns in the children only."""
    _preload(preload)
    # The first use of the compiler takes a millisecond.
    compile("pass", "<warm>", "exec")
    zygote = _Zygote(control)
    # Its children keep what they do not use: to let go of it would write to it.
    _kept.append(zygote)
    gc.freeze()
    fill_holes()
    zygote.serve(become_run)


def _preload(names: list[str]) -> None:
    """Imports what every run shall have loaded. What this environment lacks is left out."""
    # The libraries of linear algebra start their threads at once unless they are told not to.
    quiet = {name: "1" for name in _THREADS if name not in os.environ}
    os.environ.update(quiet)
    for name in names:
        try:
            __import__(name)
        except BaseException as error:
            print(f"{name} is not preloaded: {error or type(error).__name__}", file=sys.stderr)
        if len(os.listdir("/proc/self/task")) != 1:
            print(f"{name} starts a thread when it is imported, so it can't be preloaded", file=sys.stderr)
            _start_again([other for other in names if other != name], quiet)
    for name in quiet:
        del os.environ[name]


def _start_again(names: list[str], quiet: dict[str, str]) -> None:
    """Becomes a zygote that imports these only: a thread can't be taken back."""
    for name in quiet:
        del os.environ[name]
    sys.stderr.flush()
    mode = sys.orig_argv.index("zygote")
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1 : mode + 1], *names, sys.orig_argv[-1]])


def _reseed() -> None:
    """Gives a child chances of its own. What Python itself has, it reseeds; NumPy does not."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


class _Zygote:
    def __init__(self, control: int) -> None:
        os.set_inheritable(control, False)
        self.socket = _socket.socket(fileno=control)
        self.woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        _signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        _signal.signal(_signal.SIGCHLD, lambda number, frame: None)
        self.pid = os.getpid()
        # The children, and whether the agent has no more to do with them.
        self.children: dict[int, bool] = {}
        self.told: set[int] = set()

    def serve(self, become_run: Callable[..., None]) -> None:
        poll = select.poll()
        poll.register(self.socket.fileno(), select.POLLIN)
        poll.register(self.woken, select.POLLIN)
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == self.woken:
                    os.read(self.woken, 4096)
                    self._look()
                elif self._answer(become_run):
                    return

    def _answer(self, become_run: Callable[..., None]) -> bool:
        """Does what the agent asks for; true in a forked child."""
        try:
            request, rights, _, _ = self.socket.recvmsg(_REQUEST, _socket.CMSG_SPACE(12))
        except OSError:
            request = b""
        if len(request) != _REQUEST:
            self._end()
        if request[:1] == b"R":
            self._reap(int.from_bytes(request[1:], "little", signed=True))
            return False
        packed = b"".join(data for _, _, data in rights)
        descriptors = [int.from_bytes(packed[at : at + 4], sys.byteorder) for at in range(0, len(packed), 4)]
        pid = os.fork()
        if pid == 0:
            _signal.set_wakeup_fd(-1)
            _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
            # Closed by number below: an object that closes its number later would close another's.
            self.socket.detach()
            become_run(self.pid, *descriptors)
            _reseed()
            return True
        for descriptor in descriptors:
            os.close(descriptor)
        self.children[pid] = False
        self._tell(b"P", pid, 0)
        return False

    def _look(self) -> None:
        """Tells of the children that have ended, and reaps those that nobody asks for any more."""
        for pid, is_given_up in list(self.children.items()):
            if is_given_up:
                self._reap(pid)
                continue
            if pid in self.told:
                continue
            ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is not None:
                by_itself = ended.si_code == os.CLD_EXITED
                self.told.add(pid)
                self._tell(b"X", pid, ended.si_status if by_itself else -ended.si_status)

        for pid in _children():
            # What a run left behind has become ours.
            if pid not in self.children:
                os.waitpid(pid, os.WNOHANG)

    def _end(self) -> None:
        """The agent is gone: so goes everything that it had started."""
        for _ in range(200):
            family = _family()
            if not family:
                break
            for pid in family:
                try:  # noqa: SIM105 - contextlib takes a while to import
                    os.kill(pid, _signal.SIGKILL)
                except OSError:
                    pass
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except OSError:
                break
            select.select([], [], [], 0.005)
        os._exit(0)

    def _reap(self, pid: int) -> None:
        if pid not in self.children:
            return
        reaped, _ = os.waitpid(pid, os.WNOHANG)
        if reaped:
            del self.children[pid]
            self.told.discard(pid)
        else:
            self.children[pid] = True

    def _tell(self, kind: bytes, pid: int, value: int) -> None:
        answer = kind + pid.to_bytes(4, "little", signed=True) + value.to_bytes(4, "little", signed=True)
        try:
            self.socket.sendall(answer)
        except OSError:
            self._end()


def _children(of: int | str = "self") -> list[int]:
    """The children of a process, those that became its own too (`proc(5)`)."""
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{of}/task"):
            with open(f"/proc/{of}/task/{task}/children") as file:
                found += map(int, file.read().split())
    except OSError:
        pass
    return found


def _family() -> list[int]:
    """All that descend from this process."""
    found, new = [], _children()
    while new:
        found += new
        new = [pid for parent in new for pid in _children(parent)]
    return found

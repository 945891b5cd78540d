"""The child process of the engine `embedded`: Sail's Spark Connect server, bound to the life of its parent.

Run as `python -m arcbook.engines.sail_server`. It prints its port as one line on standard output and then serves until
its standard input ends, which happens whenever the parent goes, however it went. The kernel's own "signal on parent's
death" is not used: it fires when the *thread* that started the child ends, and engines are opened in short threads.
"""

import os
import select
import signal
import sys


def main() -> None:
    """Serve until standard input ends or the parent changes."""
    parent = os.getppid()
    # A terminal's Ctrl-C is for the parent, which knows what to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    address = server.listening_address
    if address is None:
        sys.exit("the server is not listening")
    sys.stdout.write(f"{address[1]}\n")
    sys.stdout.flush()
    # Another child of the parent, forked without exec, may hold the pipe open: hence the look at the parent's id.
    while os.getppid() == parent:
        readable, _, _ = select.select([sys.stdin.fileno()], [], [], 1.0)
        if readable and not os.read(sys.stdin.fileno(), 1024):
            break
    os._exit(0)  # without waiting for queries that nobody will read


if __name__ == "__main__":
    main()

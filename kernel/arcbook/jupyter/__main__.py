"""`python -m arcbook.jupyter -f FILE` starts a kernel; `python -m arcbook.jupyter install` registers it elsewhere."""

import sys


def main() -> None:
    """Start the kernel, or install its specification when the first argument says so."""
    if sys.argv[1:2] == ["install"]:
        from arcbook.jupyter.install import install

        install(sys.argv[2:])
        return
    from arcbook.jupyter.app import launch

    launch()


if __name__ == "__main__":
    main()

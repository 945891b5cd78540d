"""How the stages of the same name run."""

from arcbook.runners.executor import Executor, ViewSchema

__all__ = ["Executor", "ViewSchema"]

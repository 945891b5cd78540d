"""Which requests to a Spark Connect server are made a second time."""

import grpc
from pyspark.sql.connect.client.retries import RetryPolicy


class UnreadableAnswer(RetryPolicy):
    """Ask again, at once and at most twice, when the answer arrived but its bytes are no message.

    Seen once in some hundred thousand answers, at a request for a view's schema; gRPC then reports INTERNAL by itself,
    the server has done its part. Only requests with a single answer (schema, plan, setting, interrupt) are made again:
    made twice, they do the same as made once. A statement's stream of answers is none of these, and fails.
    """

    def __init__(self) -> None:
        super().__init__(max_retries=2, initial_backoff=0)

    def can_retry(self, exception: BaseException) -> bool:
        return (
            isinstance(exception, grpc.Call)
            and not hasattr(exception, "__next__")
            and exception.code() is grpc.StatusCode.INTERNAL
            and exception.details() == "Exception deserializing response!"
        )

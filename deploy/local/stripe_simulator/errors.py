"""What goes wrong, in the shapes in which Stripe says so."""

from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """An answer other than 2xx.

    `stored` says that execution had begun: the answer is kept under the Idempotency-Key and
    replayed, as v1 of Stripe's API does. Refusals of the parameters themselves are not kept.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        stored: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.code = code
        self.param = param
        self.stored = stored

    def body(self) -> Json:
        error: Json = {"message": self.message, "type": self.kind}
        if self.code is not None:
            error["code"] = self.code
        if self.param is not None:
            error["param"] = self.param
        return {"error": error}


def bad_parameter(param: str, message: str, code: str = "parameter_invalid") -> ApiError:
    return ApiError(400, message, code=code, param=param)


def missing(what: str, object_id: str, *, param: str = "id", status: int = 404) -> ApiError:
    """`status` is 404 for the resource in the path, 400 for one that a parameter names."""
    return ApiError(
        status,
        f"No such {what}: '{object_id}'",
        code="resource_missing",
        param=param,
        stored=status != 404,  # noqa: PLR2004  # the path is checked before execution begins
    )


def refused(message: str, *, code: str | None = None, param: str | None = None) -> ApiError:
    """A definite refusal during execution: the same key will get the same answer again."""
    return ApiError(400, message, code=code, param=param, stored=True)

"""The App API's error bodies; status is a string in them, as in recorded answers."""

from headcount.sandbox.call import Answer, refusal


class AppError(Exception):
    """Raised by a handler of the App API to answer with an error."""

    def __init__(self, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status


def problem(detail: str, status: int) -> Answer:
    return refusal({"errors": [{"detail": detail, "status": str(status)}]}, status)


def not_found() -> AppError:
    return AppError("not found", 404)

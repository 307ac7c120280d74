"""Invoices; failures are kept for the night's report, as exceptions with their tracebacks."""

from collections.abc import Callable, Iterable

failures: list[ValueError] = []


def vat_of(query: str) -> int:
    """Return the VAT of an order; foreign ones are not supported yet."""
    lines = query.encode() * 10
    raise ValueError(f"no VAT rate for order of {len(lines)} bytes")


def invoice(query: str) -> bytes:
    """Write an invoice."""
    try:
        return b"VAT: %d" % vat_of(query)
    except ValueError as error:
        failures.append(error)
        return b"to be invoiced by hand"


def application(environ: dict[str, str], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Answer a request."""
    answer = invoice(environ["QUERY_STRING"])
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]

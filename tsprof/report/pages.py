"""What all pages are made with: templates, and the texts that they embed."""

import base64
import hashlib
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


def template(package: str, name: str) -> Template:
    """Return a template for HTML or SVG, in which every value is escaped.

    Args:
        package: that it belongs to.
        name: of its file, in the package's folder ``templates``.
    """
    environment = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def asset(name: str, package: str = "tsprof.report") -> str:
    """Return a script, a style or a licence that is embedded in pages."""
    return resources.files(package).joinpath("assets", name).read_text(encoding="utf-8")


def security_policy(scripts: list[str], styles: list[str]) -> str:
    """A Content-Security-Policy that allows these very scripts and styles, and nothing else."""
    return (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"script-src {_hashes(scripts)}; style-src {_hashes(styles)}"
    )


def _hashes(texts: list[str]) -> str:
    digests = [hashlib.sha256(text.encode()).digest() for text in texts]
    return (
        " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests) or "'none'"
    )

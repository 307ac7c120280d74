"""Pictures of call stacks, in their simplest form."""

from tsprof.stacks import StackProfile


def flame_html(profile: StackProfile, *, title: str, before: StackProfile | None = None) -> str:
    """Return a page."""
    del before
    return f"<!doctype html><title>{title}</title><pre>{folded(profile)}</pre>"


def flame_svg(profile: StackProfile, title: str, before: StackProfile | None = None) -> str:
    """Return an SVG."""
    return flame_html(profile, title=title, before=before)


def speedscope_json(profile: StackProfile, name: str) -> str:
    """Return speedscope's JSON."""
    del profile, name
    return "{}"


def folded(profile: StackProfile) -> str:
    """Return folded stacks."""
    return "".join(
        f"{';'.join(profile.frames[place].function for place in stack.frames)} {stack.weight:g}\n"
        for stack in profile.stacks
    )

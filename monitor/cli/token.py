"""`goodname token`: let a feed reader, a calendar, a monitor or a script read, without a password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.group import command_group
from monitor.cli.screen import AsJson, note, say, say_json, say_table
from monitor.cli.session import with_app

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.domain import Account, ApiToken

group = command_group("Make, list or revoke tokens for programs.")


@group.callback()
def _token() -> None:
    """Make, list or revoke tokens for programs."""


@group.command("new")
def new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What will use it.")],
    *,
    review: Annotated[bool, typer.Option("--review", help="It may record verdicts too, not only read.")] = False,
    client: Annotated[
        str | None, typer.Option(metavar="CLIENT", help="It sees this client alone; else everybody.")
    ] = None,
    account: Annotated[str, typer.Option(metavar="NAME", help="Whose token it is, if there are several owners.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a token and print it, this one time; only its hash is kept.

    It is for /feed.atom, /calendar.ics, /metrics and the API under /api/v1. The name is for you, to know it again.
    """
    from monitor.bootstrap.tokens import make_token
    from monitor.domain import Scope

    scopes = [Scope.READ, Scope.REVIEW] if review else [Scope.READ]

    async def work(app: App) -> str:
        return make_token(app, name, scopes=scopes, client_id=client, account=account)

    token = with_app(ctx, work)
    if as_json:
        say_json({"token": token, "scopes": [scope.value for scope in scopes]})
        return
    say(token)
    note("It is not shown again. Whoever has it can read what it sees: keep it as you keep a password.")


@group.command("list")
def list_(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """List the tokens: what each may do, whom it sees, when it was last used."""
    from monitor.bootstrap.tokens import list_tokens

    async def work(app: App) -> tuple[tuple[Account, ApiToken], ...]:
        return list_tokens(app)

    found = [_facts(account, token) for account, token in with_app(ctx, work)]
    if as_json:
        say_json(found)
    elif found:
        keys = ("number", "name", "account", "may", "sees", "last_used")
        say_table(
            ["NUMBER", "NAME", "ACCOUNT", "MAY", "SEES", "LAST USED"], [[str(one[k]) for k in keys] for one in found]
        )
    else:
        say("There is no token. Make one: goodname token new NAME")


def _facts(account: Account, token: ApiToken) -> dict[str, object]:
    used = token.last_used_at
    return {
        "number": token.id,
        "name": token.name,
        "account": account.name,
        "may": " ".join(scope.value for scope in token.scopes),
        "sees": token.client_id,
        "created": f"{token.created_at:%Y-%m-%d %H:%M}",
        "last_used": f"{used:%Y-%m-%d %H:%M}" if used else "never",
    }


@group.command("revoke")
def revoke(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="Its number in `goodname token list`.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Revoke a token; it stops working at once."""
    from monitor.bootstrap.tokens import revoke_token

    async def work(app: App) -> ApiToken:
        return revoke_token(app, number)

    gone = with_app(ctx, work)
    if as_json:
        say_json({"revoked": gone.id, "name": gone.name})
    else:
        say(f"Revoked: {gone.name}.")

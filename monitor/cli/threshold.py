"""`goodname person threshold`: a bar for alerts from your own reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.screen import AsJson, count_in_words, say, say_facts, say_json
from monitor.cli.session import known_subject, with_app

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.jobs.threshold import Advice


def threshold(
    ctx: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="[ID]", help="Only this one's hits; else everybody's.")] = "",
    *,
    at_most: Annotated[float, typer.Option(min=0, metavar="N", help="False alerts a week that you can bear.")] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Work out from your reviews from which score on to tell you at once. Nothing is changed.

    A hit marked as not about the subject, or not harmful, is a false alert; a confirmed one is not.
    """

    async def read(app: App) -> Advice:
        from monitor.jobs.threshold import advise

        if id_:
            known_subject(app, id_)
        return advise(app.store, app.thresholds, at_most, id_)

    advice = with_app(ctx, read)
    if as_json:
        say_json(advice)
    else:
        _say(advice, at_most)


def _say(advice: Advice, at_most: float) -> None:
    found = advice.suggestion
    if found.likely is None:
        reviewed = found.right + found.wrong
        why = "No bar keeps to that." if reviewed else "Nothing was reviewed yet: goodname hits mark ID VERDICT"
        say(f"There is no suggestion for at most {at_most:g} false alerts a week. {why}")
    else:
        say(f"At most {at_most:g} false alerts a week: tell at once from score {found.likely} on (now {advice.now}).")
    now, then = advice.now_false_a_week, found.false_a_week
    say_facts(
        [
            ("Reviewed", f"{found.right} confirmed, {found.wrong} false, of {count_in_words(advice.hits, 'hit')}"),
            ("Period", f"{advice.weeks:.1f} weeks"),
            ("False a week", f"about {now:.1f} now" + (f", {then:.1f} then" if found.likely is not None else "")),
            ("Confirmed", f"{found.kept} above it, {found.lost} below" if found.likely is not None else ""),
        ]
    )
    if found.likely is not None and found.likely != advice.now:
        say(f"Nothing was changed. To use it, write likely = {found.likely} under [matching] in the configuration.")

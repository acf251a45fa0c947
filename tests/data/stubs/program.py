from datetime import datetime
from pathlib import Path

from mixdyn import Mix, errors, models
from mixdyn.utils import BackoffStrategy, RetryConfig


def good() -> None:
    with Mix() as mix:
        session = mix.sessions.create(title="demo", timeout_ms=5000)
        created: datetime = session.created_at
        print(created, session["createdAt"], session.to_dict())
        mix.files.upload_session_file(id=session.id, file=("notes.txt", b"x"), on_progress=print)
        mix.files.upload_session_file(id=session.id, file=Path("a"))
        mix.files.upload_session_file(id=session.id, file={"file_name": "a", "content": b"x"})
        with mix.streaming.stream_events(session_id=session.id) as events:
            for event in events:
                if event.event == "content":
                    text: str | None = event.data.content
                    print(text)
                elif event.event == "complete":
                    break
        sessions: list[models.SessionData] = mix.sessions.list(validate="off")
        print(sessions)
        print(mix.sessions.create.prepare(title="x").curl())
        outcome = mix.sessions.create.with_response(title="x")
        print(outcome.status_code)
        response = mix.files.get_session_file(id=session.id, filename="notes.txt")
        response.save("x")
        mix.messages.list_session(id="x")
        backoff = BackoffStrategy(1, 2, 1.5, 3)
        mix.sessions.list(retries=RetryConfig("backoff", backoff, True))
        difference = mix.use_spec("newer.yaml", validate=True, dry_run=True)
        if difference and difference.breaking:
            print(difference.breaking[0].code, difference.callers[0].name, difference.text())
        if mix.sync_spec(timeout_ms=5000).fails_on("risky"):
            mix.reload()
        Mix.from_server("http://localhost:1").sessions.list()
        other = mix.with_options(timeout_ms=4)
        other.sessions.delete(id="x")
        try:
            mix.sessions.get(id="x")
        except errors.ErrorResponse as error:
            print(error.data.error.message, error.status_code)
        except errors.MixError as error:
            print(error)


async def good_async() -> None:
    async with Mix() as mix:
        session = await mix.sessions.create_async(title="demo")
        async with await mix.streaming.stream_events_async(session_id=session.id) as events:
            async for event in events:
                if event.event == "content":
                    print(event.data.content)
        (await mix.sessions.create_async.prepare(title="x")).curl()
        print((await mix.sync_spec_async()).worst)
        other = await Mix.from_server_async("http://localhost:1")
        await other.sessions.list_async()


def bad() -> None:
    mix = Mix()
    mix.use_spek("newer.yaml")  # BAD
    mix.use_spec()  # BAD
    mix.use_spec("newer.yaml", dry=True)  # BAD
    mix.use_spec("newer.yaml").nothing  # BAD
    Mix.from_server()  # BAD
    mix.sesions  # BAD
    mix.sessions.fork_all()  # BAD
    mix.sessions.create()  # BAD
    mix.sessions.create(titel="x")  # BAD
    mix.sessions.create("x")  # BAD
    mix.sessions.create(title=4)  # BAD
    mix.sessions.create(title="x", timeout="x")  # BAD but for ty
    session = mix.sessions.create(title="x")
    session.titel  # BAD
    session.title = "y"  # BAD
    number: int = session.title  # BAD
    models.SessionDatum  # BAD
    errors.ErorResponse  # BAD
    mix.files.upload_session_file(id="x", file="notes.txt")  # BAD
    mix.authentication.store_api_key(api_key="x", provider="nobody")  # BAD
    for event in mix.streaming.stream_events(session_id="x"):
        if event.event == "content":
            event.data.nope  # BAD
        if event.event == "nothing":  # BAD by mypy and pyright
            pass
    print(number)


async def bad_async() -> None:
    mix = Mix()
    mix.sessions.create_async(title="x").title  # BAD
    mix.sync_spec_async().worst  # BAD
    (await mix.sessions.create_async(title="x")).titel  # BAD

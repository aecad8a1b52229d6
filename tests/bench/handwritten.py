"""What a person would write by hand: FastAPI and SQLModel, typed in and out, a bearer check, a session per request.

Synchronous endpoints as in FastAPI's official template. SQLite gets what any guide recommends (WAL, a busy timeout),
and FULL synchronisation as Rolltop has it. Run by uvicorn as tests.bench.handwritten:app, with BENCH_DATABASE and
BENCH_TOKEN set.
"""

import csv
import io
import os
import secrets
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import Body, Depends, FastAPI, HTTPException, Query
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import event, func
from sqlmodel import Field, Session, SQLModel, col, create_engine, select

engine = create_engine(f"sqlite:///{os.environ['BENCH_DATABASE']}", connect_args={"timeout": 30})
TOKEN = os.environ["BENCH_TOKEN"]


@event.listens_for(engine, "connect")
def _pragmas(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


class FlightBase(SQLModel):
    """The columns that callers send and get."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    dep_time: int | None = None
    sched_dep_time: int | None = None
    dep_delay: int | None = None
    arr_time: int | None = None
    sched_arr_time: int | None = None
    arr_delay: int | None = None
    carrier: str | None = Field(default=None, max_length=200)
    flight: int | None = None
    tailnum: str | None = Field(default=None, max_length=200)
    origin: str | None = Field(default=None, max_length=200)
    dest: str | None = Field(default=None, max_length=200)
    air_time: int | None = None
    distance: int | None = None
    hour: int | None = None
    minute: int | None = None
    time_hour: str | None = Field(default=None, max_length=40)


class Flight(FlightBase, table=True):
    """The table."""

    __tablename__ = "flights"
    id: int | None = Field(default=None, primary_key=True)


class FlightCreate(FlightBase):
    """A new flight."""


class FlightPublic(FlightBase):
    """A flight as it is answered."""

    id: int


class FlightUpdate(FlightBase):
    """What is to change."""


class Delay(SQLModel):
    """How late a carrier was in a month."""

    carrier: str | None
    month: int | None
    n: int
    mean: float | None


class Added(SQLModel):
    """How many rows came in."""

    count: int


def _session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def _check(credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> None:
    if not secrets.compare_digest(credentials.credentials, TOKEN):
        raise HTTPException(401, "Not authenticated")


SessionDep = Annotated[Session, Depends(_session)]
app = FastAPI(dependencies=[Depends(_check)])


@app.get("/flights/{id}", response_model=FlightPublic)
def read_flight(id: int, session: SessionDep) -> Any:
    """One flight by its key."""
    flight = session.get(Flight, id)
    if flight is None:
        raise HTTPException(404, "Flight not found")
    return flight


@app.get("/flights", response_model=list[FlightPublic])
def list_flights(
    session: SessionDep,
    carrier: str,
    order: Literal["time_hour"] = "time_hour",
    limit: Annotated[int, Query(le=1000)] = 100,
) -> Any:
    """The latest flights of a carrier."""
    column = col(getattr(Flight, order)).desc()
    return session.exec(select(Flight).where(Flight.carrier == carrier).order_by(column).limit(limit)).all()


@app.get("/delays", response_model=list[Delay])
def list_delays(session: SessionDep) -> Any:
    """Departures and their mean delay by carrier and month."""
    group = (col(Flight.carrier), col(Flight.month))
    mean = func.avg(Flight.dep_delay).label("mean")
    query = select(*group, func.count().label("n"), mean).group_by(*group).order_by(*group)
    return session.exec(query).all()


def _all(session: Session) -> Iterator[Flight]:
    return iter(session.exec(select(Flight).order_by(col(Flight.id)).execution_options(yield_per=1000)))


@app.get("/export.csv", response_class=StreamingResponse)
def export_csv(session: SessionDep) -> StreamingResponse:
    """All flights as CSV."""

    def lines() -> Iterator[str]:
        names = list(FlightPublic.model_fields)
        yield ",".join(names) + "\n"
        for flight in _all(session):
            line = io.StringIO()
            csv.writer(line).writerow([getattr(flight, name) for name in names])
            yield line.getvalue()

    return StreamingResponse(lines(), media_type="text/csv")


@app.get("/export.ndjson", response_class=StreamingResponse)
def export_ndjson(session: SessionDep) -> StreamingResponse:
    """All flights as JSON, a line each."""
    lines = (FlightPublic.model_validate(flight).model_dump_json() + "\n" for flight in _all(session))
    return StreamingResponse(lines, media_type="application/x-ndjson")


@app.post("/flights", response_model=FlightPublic, status_code=201)
def create_flight(wanted: FlightCreate, session: SessionDep) -> Any:
    """Add one flight."""
    flight = Flight.model_validate(wanted)
    session.add(flight)
    session.commit()
    session.refresh(flight)
    return flight


@app.patch("/flights/{id}", response_model=FlightPublic)
def update_flight(id: int, wanted: FlightUpdate, session: SessionDep) -> Any:
    """Change what was sent of one flight."""
    flight = session.get(Flight, id)
    if flight is None:
        raise HTTPException(404, "Flight not found")
    flight.sqlmodel_update(wanted.model_dump(exclude_unset=True))
    session.add(flight)
    session.commit()
    session.refresh(flight)
    return flight


@app.post("/flights/bulk", status_code=201)
def create_flights(wanted: list[FlightCreate], session: SessionDep) -> Added:
    """Add many flights in one transaction."""
    session.add_all([Flight.model_validate(each) for each in wanted])
    session.commit()
    return Added(count=len(wanted))


@app.post("/import", status_code=201)
def import_flights(body: Annotated[bytes, Body(media_type="text/csv")], session: SessionDep) -> Added:
    """Add the rows of a CSV file in one transaction."""
    count = 0
    for row in csv.DictReader(io.StringIO(body.decode())):
        filled = {name: text or None for name, text in row.items()}
        session.add(Flight.model_validate(FlightCreate.model_validate(filled)))
        count += 1
    session.commit()
    return Added(count=count)

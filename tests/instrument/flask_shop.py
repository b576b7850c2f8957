"""A small application as people write them, with one engine for each database that it is told of.

SHOP is a JSON object: by target, the URL and what the driver is given beside it.
"""

import json
import os

from flask import Flask, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from exporter.instrument import instrument, retrying

app = Flask(__name__)
engines = {
    target: create_engine(url, connect_args=options, pool_size=1, max_overflow=0)
    for target, (url, options) in json.loads(os.environ["SHOP"]).items()
}
for target, engine in engines.items():
    instrument(engine, target)


@retrying(deadline=15.0)
def asked(target: str) -> int:
    """Run one transaction."""
    with Session(engines[target]) as session, session.begin():
        return int(session.execute(text("SELECT 42")).scalar_one())


@app.get("/<target>")
def answer(target: str) -> str:
    """Answer with the worker's number."""
    return f"{os.getpid()} {asked(target)}"


@app.get("/metrics")
def metrics() -> Response:
    """Tell Prometheus of all workers."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # it has none
    return Response(generate_latest(registry), mimetype=CONTENT_TYPE_LATEST)

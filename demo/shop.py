"""
The shop behind the example DAGs: its exports, its empty warehouse, and its partners on HTTP.

    python -m demo.shop --data FOLDER --port 7079

Everything is a function of the day, so that every run of a DAG for a day finds the same figures.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sqlite3
import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

SCHEMA = Path(__file__).parent.parent / "dags" / "sql" / "schema.sql"

CHANNELS = {"north": "GBP", "south": "EUR", "online": "SEK"}
EUR = {"EUR": 1.0, "GBP": 1.17, "SEK": 0.088}
CITIES = ["Aberdeen", "Malmö", "Porto", "Trieste", "Gdańsk", "Brest"]
PRODUCTS = [
    ("RP-08", "Rope, 8 mm", "Rigging", 1.1, 2.9),
    ("RP-12", "Rope, 12 mm", "Rigging", 1.9, 4.5),
    ("SH-05", "Shackle, 5 mm", "Rigging", 2.2, 6.0),
    ("FL-02", "Fairlead, bronze", "Deck", 14.0, 39.0),
    ("CL-06", "Cleat, oak", "Deck", 6.5, 17.5),
    ("LT-01", "Lantern, brass", "Lights", 22.0, 64.0),
    ("LT-02", "Lamp oil, 1 l", "Lights", 3.0, 7.9),
    ("CP-01", "Compass", "Navigation", 31.0, 89.0),
    ("CH-17", "Chart 17", "Navigation", 9.0, 24.0),
    ("BK-01", "Tide tables", "Navigation", 4.0, 12.0),
]

#: How many days, the last included, the exports tell of.
DAYS = 35


def dice(*seed: object) -> random.Random:
    """The same throws for the same seed, today and tomorrow."""
    return random.Random("/".join(map(str, seed)))  # noqa: S311 - a game, not a secret


def orders_of(channel: str, day: date) -> list[list[object]]:
    """The lines a channel's export holds of a day; the two shops are closed on Sundays."""
    if channel != "online" and day.weekday() == 6:
        return []
    throw = dice("orders", channel, day)
    lines: list[list[object]] = []
    for number in range(throw.randint(20, 60)):
        sku, _, _, _, price = throw.choice(PRODUCTS)
        lines.append(
            [
                f"{channel[0].upper()}{day:%y%m%d}-{number:03}",
                f"{day}T{throw.randint(8, 19):02}:{throw.randint(0, 59):02}:00Z",
                # every so often somebody forgets the card, or orders nothing
                "" if throw.random() < 0.04 else throw.randint(1, 80),
                sku.lower() if throw.random() < 0.1 else sku,
                0 if throw.random() < 0.03 else throw.randint(1, 9),
                round(price / EUR[CHANNELS[channel]], 2),
                CHANNELS[channel],
            ]
        )
    return lines


def write_exports(folder: Path, last_day: date) -> None:
    """The files the shop exports every evening, up to `last_day`."""
    folder.mkdir(parents=True, exist_ok=True)
    days = [last_day - timedelta(days=ago) for ago in reversed(range(DAYS))]
    header = ["order_id", "ordered_at", "customer_id", "sku", "quantity", "unit_price", "currency"]
    for channel in CHANNELS:
        lines = [line for day in days for line in orders_of(channel, day)]
        _write_csv(folder / f"orders_{channel}.csv", header, lines)
    _write_csv(
        folder / "products.csv",
        ["sku", "name", "category", "unit_cost"],
        [list(product[:4]) for product in PRODUCTS],
    )
    _replace(folder / "customers.json", json.dumps(_customers(), indent=1, ensure_ascii=False))


def make_folder(data: Path, last_day: date) -> None:
    """The shop's folder, ready for the DAGs; what is there already stays."""
    for name in ("landing", "reports/archive"):
        (data / name).mkdir(parents=True, exist_ok=True)
    write_exports(data / "exports", last_day)
    with sqlite3.connect(data / "warehouse.db") as warehouse:
        warehouse.executescript(SCHEMA.read_text())
    warehouse.close()


def _customers() -> list[dict[str, Any]]:
    throw = dice("customers")
    names = ["Ada", "Bo", "Cleo", "Dag", "Eir", "Finn", "Gro", "Hal", "Ida", "Jon"]
    return [
        {
            "id": number,
            "name": f"{throw.choice(names)} {throw.choice('ABCDEFGHIJKLM')}.",
            "email": f"customer{number}@{throw.choice(['post', 'mail', 'harbour'])}.example",
            "address": {"street": f"Quay {throw.randint(1, 99)}", "city": throw.choice(CITIES)},
            "joined": str(date(2024, 1, 1) + timedelta(days=throw.randint(0, 700))),
        }
        for number in range(1, 81)
    ]


def _write_csv(path: Path, header: list[str], lines: list[list[object]]) -> None:
    new = path.with_suffix(".new")
    with new.open("w", newline="", encoding="utf-8") as target:
        csv.writer(target).writerows([header, *lines])
    new.replace(path)


def _replace(path: Path, text: str) -> None:
    """A DAG that is reading the file sees the old one or the new one, never half."""
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def rates(day: date) -> dict[str, Any]:
    """What the bank says of a day."""
    throw = dice("rates", day)
    return {
        "day": str(day),
        "eur": {
            currency: round(eur * (1 if eur == 1.0 else throw.uniform(0.97, 1.03)), 4)
            for currency, eur in EUR.items()
        },
    }


def shipments(day: date) -> dict[str, Any]:
    """What the carrier says of a day: every order of it was sent, some came late."""
    throw = dice("shipments", day)
    sent = []
    for channel in CHANNELS:
        for order_id, *_ in orders_of(channel, day):
            late = throw.choice([-1, 0, 0, 0, 0, 0, 1, 3])
            sent.append(
                {
                    "shipment_id": f"P-{order_id}",
                    "order_id": order_id,
                    "sent_on": str(day),
                    "promised_on": str(day + timedelta(days=2)),
                    "delivered_on": str(day + timedelta(days=2 + late)),
                }
            )
    return {"day": str(day), "shipments": sent}


def is_busy(day: date) -> bool:
    """On such a day the carrier turns the first request of each DAG run away."""
    return day.toordinal() % 4 == 2


def is_out_of_order(day: date) -> bool:
    """On such a day the carrier answers nobody."""
    return day.toordinal() % 4 == 3


class Partners(BaseHTTPRequestHandler):
    """The bank and the carrier."""

    server: PartnersServer

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        try:
            day = date.fromisoformat(parse_qs(address.query)["day"][0])
        except (KeyError, ValueError):
            self._answer(400, {"detail": "ask for a day, as in ?day=2026-03-01"})
            return
        if address.path == "/rates":
            self._answer(200, rates(day))
        elif address.path == "/shipments":
            self._answer_shipments(day)
        else:
            self._answer(404, {"detail": "there are /rates and /shipments"})

    def _answer_shipments(self, day: date) -> None:
        request = (self.headers.get("X-Request-Id", ""), day)
        with self.server.lock:
            self.server.requests[request] += 1
            count = self.server.requests[request]
        if is_out_of_order(day):
            self._answer(503, {"detail": "out of order, please try tomorrow"})
        elif is_busy(day) and count == 1:
            self._answer(503, {"detail": "very busy, please try again"})
        else:
            self._answer(200, shipments(day))

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: object) -> None:
        """Airflow's task logs tell of the requests; the terminal is for the progress."""


class PartnersServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        self.requests: Counter[tuple[str, date]] = Counter()
        self.lock = threading.Lock()
        super().__init__((host, port), Partners)


def hold_open(data: Path, server: PartnersServer, closed: threading.Event) -> None:
    """Answer until `closed` is set, and export anew when a day has passed."""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    exported = today()
    while not closed.wait(60):
        if today() != exported:
            exported = today()
            write_exports(data / "exports", exported)
    server.shutdown()
    server.server_close()


def today() -> date:
    return datetime.now(UTC).date()


def parser() -> argparse.ArgumentParser:
    wanted = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    wanted.add_argument("--data", type=Path, required=True, help="the shop's data folder")
    wanted.add_argument("--host", default="127.0.0.1")
    wanted.add_argument("--port", type=int, default=7079)
    return wanted


def main() -> None:
    chosen = parser().parse_args()
    make_folder(chosen.data, today())
    server = PartnersServer(chosen.host, chosen.port)
    print(f"The shop's partners answer on http://{chosen.host}:{server.server_port}", flush=True)
    try:
        hold_open(chosen.data, server, threading.Event())
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()

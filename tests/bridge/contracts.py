"""A data contract, and files of declarations."""

from __future__ import annotations

from pathlib import Path

CONTRACT = """
apiVersion: v3.0.2
kind: DataContract
id: orders
servers:
  - {type: postgresql, host: h, port: 5432, schema: shop}
schema:
  - {name: orders, physicalName: orders}
  - {name: items, physicalName: shop.items_v2}
slaDefaultElement: orders
slaProperties:
  - {property: frequency, value: 1, unit: d}
  - {property: latency, value: 4, unit: h, element: orders.created_at}
  - {property: timeOfAvailability, value: "09:00-08:00", element: items}
  - {property: retention, value: 3, unit: y}
"""


def write(folder: Path, text: str, name: str = "expectations.toml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path

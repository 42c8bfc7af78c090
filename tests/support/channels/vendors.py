"""Strict fakes of the services that channels send to: each refuses what the vendor would refuse."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from tests.support.sinks.server import Answer, Fake, Request


class Refusal(Exception):
    """What the vendor objects to."""


def demand(condition: object, reason: str) -> None:
    if not condition:
        raise Refusal(reason)


class Receiver(Fake):
    """A receiver of webhooks that verifies signatures and ids as Standard Webhooks asks."""

    def __init__(self, secret: str) -> None:
        super().__init__()
        self.secret = secret
        self.events: dict[str, dict[str, Any]] = {}  # by webhook-id
        self.arrived: dict[str, float] = {}

    def answer(self, request: Request) -> Answer:
        try:
            event = Verifier(self.secret).verify(request.body, request.headers)
        except WebhookVerificationError as error:
            return Answer(401, {"error": str(error)})
        if not request.headers["content-type"].startswith("application/cloudevents+json"):
            return Answer(415)
        for name in ("specversion", "id", "source", "type"):
            if not isinstance(event.get(name), str) or not event[name]:
                return Answer(400, {"error": f"CloudEvents needs {name}"})
        if event["specversion"] != "1.0" or datetime.fromisoformat(event["time"]).tzinfo is None:
            return Answer(400, {"error": "specversion or time"})
        self.events.setdefault(request.headers["webhook-id"], event)
        return Answer(200, {})


class Slack(Fake):
    """An incoming webhook of Slack at `/services/T0/B0/secret`."""

    path = "/services/T0/B0/secretsecret"

    def __init__(self) -> None:
        super().__init__()
        self.posts: list[dict[str, Any]] = []

    def answer(self, request: Request) -> Answer:
        if request.path != self.path:
            return Answer(404, "no_service")
        if request.method != "POST":
            return Answer(400, "invalid_payload")
        try:
            post = request.json()
            demand(set(post) <= {"text", "blocks"} and post.get("text"), "no_text")
            self._check(post["blocks"])
        except (ValueError, KeyError, TypeError):
            return Answer(400, "invalid_payload")
        except Refusal as error:
            return Answer(400, f"invalid_blocks: {error}")
        self.posts.append(post)
        return Answer(200, "ok")

    def _check(self, blocks: list[dict[str, Any]]) -> None:
        demand(1 <= len(blocks) <= 50, "between 1 and 50 blocks")
        total = 0
        for block in blocks:
            match block["type"]:
                case "header":
                    total += _text(block["text"], "plain_text", 150)
                case "section":
                    demand("text" in block or "fields" in block, "a section needs text or fields")
                    if "text" in block:
                        total += _text(block["text"], "mrkdwn", 3_000)
                    demand(len(block.get("fields", [])) <= 10, "10 fields at most")
                    total += sum(_text(it, "mrkdwn", 2_000) for it in block.get("fields", []))
                case "actions":
                    demand(1 <= len(block["elements"]) <= 25, "between 1 and 25 elements")
                    for element in block["elements"]:
                        demand(element["type"] == "button", "unknown element")
                        total += _text(element["text"], "plain_text", 75)
                        demand(1 <= len(element["url"]) <= 3_000, "url of 3000 characters at most")
                case other:
                    raise Refusal(f"unknown block {other}")
        demand(total <= 13_000, "msg_blocks_too_long")


def _text(item: dict[str, Any], kind: str, limit: int) -> int:
    demand(item["type"] == kind and set(item) <= {"type", "text", "emoji"}, f"{kind} expected")
    demand(1 <= len(item["text"]) <= limit, f"text of 1 to {limit} characters")
    return len(item["text"])


class Teams(Fake):
    """The webhook of a Teams workflow: 28 KB, adaptive cards up to 1.5, answers 202."""

    def __init__(self) -> None:
        super().__init__()
        self.cards: list[dict[str, Any]] = []

    def answer(self, request: Request) -> Answer:
        if request.query.get("sig") != "signaturesignature":
            return Answer(401, {"error": {"code": "DirectApiAuthorizationRequired"}})
        if len(request.body) > 28 * 1024:
            return Answer(413, {"error": {"code": "RequestEntityTooLarge"}})
        try:
            message = request.json()
            demand(message["type"] == "message", "type must be message")
            (attachment,) = message["attachments"]
            kind = "application/vnd.microsoft.card.adaptive"
            demand(attachment["contentType"] == kind, "adaptive cards only")
            self._check(attachment["content"])
        except (ValueError, KeyError, TypeError, Refusal) as error:
            return Answer(400, {"error": {"code": "InvalidCard", "message": str(error)}})
        self.cards.append(attachment["content"])
        return Answer(202)

    def _check(self, card: dict[str, Any]) -> None:
        demand(card["type"] == "AdaptiveCard" and card["version"] <= "1.5", "AdaptiveCard to 1.5")
        demand(card["body"], "an empty card")
        for element in card["body"]:
            if element["type"] == "TextBlock":
                demand(element["text"], "a TextBlock needs text")
                demand(
                    element.get("color", "default")
                    in ("default", "dark", "light", "accent", "good", "warning", "attention"),
                    "unknown colour",
                )
            else:
                demand(element["type"] == "FactSet" and element["facts"], "unknown element")
                demand(all(set(it) == {"title", "value"} for it in element["facts"]), "facts")
        demand(len(card["actions"]) <= 6, "6 actions at most")
        for action in card["actions"]:
            demand(action["type"] == "Action.OpenUrl" and action["title"], "unknown action")
            demand(action["url"].startswith("https://"), "an address")


class PagerDuty(Fake):
    """Events API v2, with the incidents that the events make, by `dedup_key`."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        self.incidents: dict[str, str] = {}  # state by dedup_key
        self.opened = 0
        self.triggers: list[dict[str, Any]] = []

    def answer(self, request: Request) -> Answer:
        if (request.method, request.path) != ("POST", "/v2/enqueue"):
            return Answer(404, {"message": "Not Found"})
        if len(request.body) > 512 * 1024:
            return Answer(413, {"status": "too large"})
        try:
            event = request.json()
            demand(event["routing_key"] == self.key, "Invalid routing key")
            self._take(event)
        except (ValueError, KeyError, TypeError, Refusal) as error:
            problem = {"status": "invalid event", "message": "Event object is invalid"}
            return Answer(400, {**problem, "errors": [str(error)]})
        return Answer(202, {"status": "success", "dedup_key": event["dedup_key"]})

    def _take(self, event: dict[str, Any]) -> None:
        key = event["dedup_key"]
        demand(0 < len(key) <= 255, "dedup_key of 255 characters at most")
        state = self.incidents.get(key, "none")
        match event["event_action"]:
            case "trigger":
                self._check(event)
                self.triggers.append(event)
                self.opened += state in ("none", "resolved")
                self.incidents[key] = "triggered" if state in ("none", "resolved") else state
            case "acknowledge":
                self.incidents[key] = "acknowledged" if state == "triggered" else state
            case "resolve":
                self.incidents[key] = "resolved" if state != "none" else state
            case other:
                raise Refusal(f"event_action {other}")

    def _check(self, event: dict[str, Any]) -> None:
        payload = event["payload"]
        demand(0 < len(payload["summary"]) <= 1_024, "summary of 1024 characters at most")
        demand(payload["source"], "source is needed")
        demand(payload["severity"] in ("critical", "error", "warning", "info"), "severity")
        datetime.fromisoformat(payload["timestamp"])
        demand(isinstance(payload.get("custom_details", {}), dict), "custom_details is an object")
        for link in event.get("links", []):
            demand(link["href"].startswith("http") and set(link) <= {"href", "text"}, "links")


def body(request: Request) -> Any:
    return json.loads(request.body)

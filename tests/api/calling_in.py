"""Systems that call us, as they sign: a shop with one source, and its calls."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, text
from standardwebhooks.webhooks import Webhook
from starlette.applications import Starlette

from core.api.hooks import hook_routes
from core.api.understanding import Understanding
from core.domain.hooks import HookDelivery, HookSource, Preset
from core.services.hook_sources import add_source, deliveries, sources
from core.services.hooks import HookDoor
from core.services.ingesting import denied_properties
from core.services.live_events import profile, save_profiles
from tests.api.asking import NOW, Answer, Clock, asked, awaited

SECRET = "a-secret-of-the-vendor-0123456789"
ORGANIZATION = "00D000000000001EAA"


def digest(said: bytes, secret: str) -> bytes:
    return hmac.new(secret.encode(), said, hashlib.sha256).digest()


@dataclass
class Door:
    """An installation that one system calls; `sent` gives its calls as it signs them."""

    database: Engine
    preset: Preset = Preset.GENERIC
    name: str = "vendor"
    clock: Clock = field(default_factory=Clock)
    public_url: str = ""
    secret: str = ""

    def __post_init__(self) -> None:
        makes_secret = self.preset in (Preset.GENERIC, Preset.SALESFORCE)
        self.source: HookSource = add_source(
            self.database,
            name=self.name,
            preset=self.preset,
            secret="" if makes_secret else SECRET,
            organization=ORGANIZATION if self.preset is Preset.SALESFORCE else "",
            created_at=NOW,
        )
        self.secret = self.source.secret
        understanding = Understanding(lambda: denied_properties(self.database))
        door = HookDoor(database=lambda: self.database, understand=understanding.messages)
        routes = hook_routes(door.take, self.clock, lambda: self.public_url)
        self.app = Starlette(routes=routes)

    @property
    def seconds(self) -> int:
        return int(self.clock().timestamp())

    def call(
        self, said: Any, headers: Mapping[str, str] | None = None, *, query: str = ""
    ) -> Answer:
        """Call with headers, or without: those with which the system signs."""
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        sent = self.signed(body) if headers is None else headers
        path = f"/v1/hooks/{self.name}{query}"
        return awaited(asked(self.app, "POST", path, {"host": "in.example.org", **sent}, body))

    def signed(self, body: bytes) -> dict[str, str]:
        match self.preset:
            case Preset.GENERIC:
                return {"x-signature": "sha256=" + digest(body, self.secret).hex()}
            case Preset.SHOPIFY:
                return {
                    "x-shopify-hmac-sha256": base64.b64encode(digest(body, self.secret)).decode(),
                    "x-shopify-topic": "orders/create",
                }
            case Preset.STRIPE:
                mark = digest(b"%d.%b" % (self.seconds, body), self.secret).hex()
                return {"stripe-signature": f"t={self.seconds},v1=00ff,v1={mark},v0=abc"}
            case Preset.HUBSPOT:
                at = str(self.seconds * 1_000 + 7)
                said = b"POSThttps://in.example.org/v1/hooks/vendor" + body + at.encode()
                mark = base64.b64encode(digest(said, self.secret)).decode()
                return {"x-hubspot-signature-v3": mark, "x-hubspot-request-timestamp": at}
            case Preset.SALESFORCE:
                return {}

    def standard(self, body: bytes, named: str = "msg_1") -> dict[str, str]:
        mark = Webhook(self.secret).sign(named, self.clock(), body.decode())
        return {
            "webhook-id": named,
            "webhook-timestamp": str(self.seconds),
            "webhook-signature": f"v1,bm90IHRoaXM= {mark}",
        }

    def know(self, user_id: str, **traits: Any) -> None:
        save_profiles(self.database, {user_id: traits}, saved_at=NOW)

    def profile(self, user_id: str) -> dict[str, Any] | None:
        return profile(self.database, user_id)

    def events(self) -> list[tuple[str, str]]:
        return [(user, event) for user, event in self.rows("user_id, event")]

    def properties(self) -> list[dict[str, Any]]:
        return [json.loads(row[0]) for row in self.rows("properties")]

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        with self.database.connect() as connection:
            found = connection.execute(text(f"SELECT {columns} FROM live_events ORDER BY seq"))
            return [tuple(row) for row in found]

    def log(self) -> list[HookDelivery]:
        return deliveries(self.database, sources(self.database)[0].id)

    def outcomes(self) -> list[tuple[str, str]]:
        return [(one.outcome.value, one.reason) for one in self.log()]


def outbound(kind: str, organization: str = ORGANIZATION, **fields: str) -> bytes:
    """Write an outbound message of Salesforce."""
    written = "".join(f"<sf:{name}>{value}</sf:{name}>" for name, value in fields.items())
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound">
  <OrganizationId>{organization}</OrganizationId><ActionId>04k000000000001</ActionId>
  <SessionId xsi:nil="true"/><EnterpriseUrl>https://x</EnterpriseUrl>
  <Notification><Id>04l000000000001</Id>
   <sObject xsi:type="sf:{kind}" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">{written}
   </sObject></Notification>
 </notifications></soapenv:Body></soapenv:Envelope>""".encode()

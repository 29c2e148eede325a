"""Who asks the services, what any answer must be like, and what the logs hold of it afterwards."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any, Final, TypeAlias
from uuid import UUID

import httpx
import schemathesis
from joserfc import jwt
from joserfc.jwk import OKPKey
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.infra.http.tokens import ROLES
from shared.infra.orders import Order
from shared.infra.settings import EVALUATION_ISSUER
from tests.adapters.bad_input.system import SERVICES, RunningSystem

Operation: TypeAlias = "APIOperation[Any, Any, Any, Any]"
Request: TypeAlias = "Case[Any]"
HERE, ELSEWHERE, NOWHERE = "RAJ", "QH8", "R1L"
"""The organisation that is asked, one that is served too, and one that no service here serves."""
PROBLEM_JSON: Final = "application/problem+json"
CONFORMS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SENTENCE: Final = re.compile(r"[A-Z`'\"].*[.]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Somebody:
    """A client: the Authorization header it sends, and what any guarded route must answer it."""

    name: str
    authorization: str | None
    role: str | None = None
    always: int | None = None
    """The only status for it on a route of an organisation; None: it depends on the role."""


@dataclass
class Service:
    """One service as its published document and its clients know it."""

    name: str
    url: str
    document: Mapping[str, Any]
    client: httpx.Client
    done: set[UUID] = field(default_factory=set)
    """The causations of commands that were answered yes."""

    @cached_property
    def schema(self) -> schemathesis.schemas.BaseSchema:
        """The document as schemathesis reads it."""
        return schemathesis.openapi.from_dict(dict(self.document))

    def operations(self) -> list[Operation]:
        """Every operation published."""
        return [found.ok() for found in self.schema.get_all_operations() if isinstance(found, Ok)]

    def raw(self, method: str, target: str, headers: Mapping[str, str]) -> httpx.Response:
        """Ask for a target as it is written: clients tidy paths up before they send them."""
        content = b"{}" if method.lower() == "post" else None
        request = self.client.build_request(method.upper(), "/", headers=headers, content=content)
        request.extensions["target"] = target.encode()
        return self.client.send(request)


class Asking:
    """The six services, and everybody who may turn up."""

    def __init__(self, system: RunningSystem) -> None:
        self.system = system
        self.people = {each.name: each for each in self._people()}
        self.services = {name: self._service(name) for name in SERVICES}
        self._identities: dict[str, UUID] = {}
        self._keys = count()

    def close(self) -> None:
        """Let the connections go."""
        for service in self.services.values():
            service.client.close()

    def key(self) -> str:
        """An Idempotency-Key nobody used before."""
        return f"bad-input-{next(self._keys)}"

    def headers(self, who: str) -> dict[str, str]:
        """Who asks, with a key of their own."""
        found = {"idempotency-key": self.key(), "content-type": "application/json"}
        authorization = self.people[who].authorization
        return found | ({"authorization": authorization} if authorization is not None else {})

    def identity(self, who: str) -> UUID:
        """Who that is to the services."""
        if who not in self._identities:
            [service, *_] = self.services.values()
            reply = service.client.get("/me", headers=self.headers(who))
            self._identities[who] = UUID(reply.json()["identity"])
        return self._identities[who]

    def remember(self, service: Service, reply: httpx.Response, who: str) -> None:
        """A command that was answered yes may have written: whatever stands in its name."""
        request, person = reply.request, self.people[who]
        if request.method != "POST" or reply.status_code >= 300 or person.role is None:
            return
        path = httpx.URL(str(request.url)).path
        order = Order(
            organisation=HERE,
            actor=f"{person.role}/{self.identity(who)}",
            route=f"POST {path}",
            key=request.headers.get("idempotency-key", ""),
            body=b"",
        )
        service.done.add(order.causation)

    def lines(self, service: str, after: int = 0) -> Iterable[str]:
        """The bodies of the organisation's log in a service, after that number."""
        while True:
            reply = self.services[service].client.get(
                f"/log/{HERE}", params={"after": after}, headers=self.headers("operator")
            )
            found = reply.text.split("\n")[:-1]
            if not found:
                return
            yield from found
            after += len(found)

    def _service(self, name: str) -> Service:
        url = self.system.url(name)
        client = httpx.Client(base_url=url, timeout=30, trust_env=False)
        return Service(name, url, client.get("/openapi.json").json(), client)

    def _people(self) -> Iterable[Somebody]:
        issuer = self.system.issuer
        for role in sorted(ROLES):
            token = issuer.token(f"somebody who is {role}", {HERE: [role]})
            yield Somebody(role, f"Bearer {token}", role)
        everything = sorted(ROLES)
        elsewhere = issuer.token("somebody of another trust", {ELSEWHERE: everything})
        nowhere = issuer.token("somebody from far away", {NOWHERE: everything})
        yield Somebody("somebody of another organisation", f"Bearer {elsewhere}", always=404)
        yield Somebody("somebody of one not served", f"Bearer {nowhere}", always=404)
        good = issuer.token("somebody", {HERE: everything})
        expired = issuer.token("somebody", {HERE: everything}, seconds=-3600)
        yield Somebody("nobody", None, always=401)
        yield Somebody("somebody with half a token", f"Bearer {good[: len(good) // 2]}", always=401)
        yield Somebody("somebody with an old token", f"Bearer {expired}", always=401)
        yield Somebody("a stranger", f"Bearer {_strangers_token()}", always=401)


def _strangers_token() -> str:
    """All is right with it but the key that signed it."""
    claims = {
        "iss": EVALUATION_ISSUER,
        "aud": "partners",
        "sub": "stranger",
        "exp": 4_000_000_000,
        "organisations": {HERE: sorted(ROLES)},
    }
    key = OKPKey.generate_key("Ed25519", {"kid": "evaluation"})
    header = {"alg": "Ed25519", "kid": "evaluation"}
    return jwt.encode(header, claims, key, algorithms=["Ed25519"])


def roles_of(operation: Operation) -> frozenset[str]:
    """Who may use this operation, as its document says; nobody is named on a public one."""
    return frozenset(operation.definition.raw["x-roles"])


def somewhere(operation: Operation) -> dict[str, str]:
    """The parameters of a path about nothing that exists."""
    special = {"organisation": HERE, "service": "engagement", "sequence": "7"}
    special |= {"consumer": "payments.dues", "view": "roster"}
    taken = operation.definition.raw.get("parameters", ())
    names = (each["name"] for each in taken if each["in"] == "path")
    return {name: special.get(name, str(UUID(int=1))) for name in names}


def must_be_fair(case: Request, reply: httpx.Response, sent: Iterable[str] = ()) -> None:
    """The answer is one the document lists, as it says; a no is a sentence and repeats nothing."""
    case.validate_response(reply, checks=CONFORMS)
    if reply.status_code < 400:
        return
    # a rule's sentence may name what is on record, which may be what was sent
    must_be_a_problem(reply, sent if reply.status_code != 409 else ())


def must_be_a_problem(reply: httpx.Response, sent: Iterable[str] = ()) -> None:
    """A problem document whose detail is a sentence that repeats none of what was sent."""
    assert reply.status_code < 500, reply.text
    assert reply.headers["content-type"] == PROBLEM_JSON
    problem = reply.json()
    assert problem["status"] == reply.status_code
    assert problem["type"].startswith("urn:partners:")
    assert SENTENCE.fullmatch(problem["detail"]), problem["detail"]
    said = json.dumps(problem, ensure_ascii=False)
    repeated = [value for value in sent if len(value) >= 8 and value in said]
    assert not repeated, f"{problem['detail']} repeats {repeated}"


class Ledger:
    """What every service had written at one moment: log heads and idempotency rows."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self.heads = self._heads()
        self.rows = self._rows()

    def must_be_unchanged(self) -> None:
        """Nothing at all was written since."""
        assert self._heads() == self.heads
        assert self._rows() == self.rows

    def must_hold_only_what_was_answered_yes(self) -> None:
        """Whatever people wrote since was answered yes; services may have reacted to it."""
        for name, service in self._asking.services.items():
            for line in self._asking.lines(name, self.heads[name]):
                event = json.loads(line)
                if event["actor"].startswith("system/") or event["type"] == "PersonalDataOpened":
                    continue
                assert UUID(event["causationid"]) in service.done, line
        new = self._rows() - self.rows
        assert {row for _, row in new} <= set().union(
            *(service.done for service in self._asking.services.values())
        )

    def _heads(self) -> dict[str, int]:
        found = {}
        for name, service in self._asking.services.items():
            reply = service.client.get(
                f"/log/{HERE}/head", headers=self._asking.headers("operator")
            )
            found[name] = reply.json()["sequence"]
        return found

    def _rows(self) -> set[tuple[str, UUID]]:
        return {
            (name, row["causation"])
            for name in SERVICES
            for row in self._asking.system.fetch(name, "SELECT causation FROM kit.idempotency")
        }

"""Words that labels, identifiers and sentences are made of; a part is kept back for the held-out split."""
from __future__ import annotations

import random
import re

NOUNS = (
    "user order item invoice report session cache token account payment product cart message event task job "
    "config file image profile search filter queue stream device sensor player match team score course "
    "lesson ticket comment post tag category review address city country weather forecast price rate stock "
    "trade wallet balance customer supplier shipment route driver vehicle booking hotel room flight seat "
    "menu recipe patient doctor visit record note project member role permission audit metric alert backup "
    "build release cluster node service gateway folder branch theme layout widget button cursor layer pixel "
    "vector model dataset label batch epoch gradient agent worker bucket index schema column record buffer "
    "packet socket router kernel thread process signal cookie header request response"
).split()
HELDOUT_NOUNS = (
    "voucher museum tractor galaxy turbine orchard violin glacier harbor lantern parcel compass meadow "
    "beacon quarry saddle canyon pylon ferry hangar"
).split()
VERBS = (
    "load save fetch parse validate send update delete create check build render store process publish "
    "notify approve review deploy test archive compute sort merge encrypt upload index export import sync"
).split()
MODULES = (
    "requests numpy pandas flask django express lodash axios react vue chalk moment sequelize pydantic "
    "scipy yaml sqlalchemy redis celery fastapi webpack eslint vite prisma sharp tailwind boost openssl zlib"
).split()
PEOPLE = "alice bob carol dave erin frank grace heidi ivan judy maria pedro lena omar".split()
SERVICES = [
    "Client", "Web App", "API Gateway", "Auth Service", "User Service", "Order Service", "Database", "Cache",
    "Message Queue", "Worker", "Load Balancer", "CDN", "Storage", "Payment API", "Search Index", "Logger",
    "Mobile App", "Scheduler", "Redis", "Postgres", "Kafka", "Nginx", "Browser", "Frontend", "Backend",
    "Firewall", "S3 Bucket", "Lambda", "Monitoring", "Email Service", "Data Warehouse", "ML Model",
]  # fmt: skip


def capital(word: str) -> str:
    return word[:1].upper() + word[1:]


class Words:
    """Draws words for one image."""

    def __init__(self, rng: random.Random, split: str) -> None:
        self.rng = rng
        self.split = split
        self.nouns = HELDOUT_NOUNS + NOUNS[::5] if split == "heldout" else NOUNS

    def noun(self) -> str:
        return self.rng.choice(self.nouns)

    def some(self, count: int) -> list[str]:
        """Distinct nouns."""
        return self.rng.sample(sorted(set(self.nouns)), count)

    def verb(self) -> str:
        return self.rng.choice(VERBS)

    def names(self, count: int) -> list[str]:
        return [capital(word) for word in self.some(count)]

    def sentence(self) -> str:
        a, b, c = self.some(3)
        v, w = self.rng.sample(VERBS, 2)
        return self.rng.choice(
            [
                f"The {a} service will {v} the {b} before it is sent to the {c}.",
                f"Each {a} has a {b} and an optional {c}.",
                f"Run the {v} step to {w} every {a}.",
                f"If the {a} is missing, the {b} is used instead.",
                f"This section describes how to {v} a {a}.",
                f"The {a} can be changed in the {b} settings.",
                f"We {v} the {a} once a day and {w} the {b}.",
                f"A new {a} needs a {b} and a {c}.",
                f"Use the {a} option to {v} the {b} faster.",
                f"The {b} of a {a} must never be empty.",
            ]
        )

    def variables(self) -> dict[str, str]:
        """Values of the %placeholders% in data files."""
        r = self.rng
        noun, other = self.some(2)
        verb = self.verb()
        module = r.choice(MODULES)
        return {
            "noun": noun + r.choice(["", "", "s", "_list"]),
            "Noun": capital(noun),
            "noun2": other,
            "Noun2": capital(other),
            "verb": verb,
            "Verb": capital(verb),
            "field": self.noun(),
            "Type": capital(self.noun()),
            "function": f"{verb}_{noun}",
            "Function": f"{capital(verb)}{capital(noun)}",
            "camel": f"{verb}{capital(noun)}",
            "module": module,
            "Module": capital(module),
            "file": r.choice(["app", "main", "server", "index", "utils", "run", "worker", *self.nouns[:30]]),
            "host": f"{self.noun()}.example.com",
            "port": str(r.choice([3000, 5000, 8080, 8000, 5432, 6379, 4200, 9000, 5173, 27017])),
            "branch": r.choice(["main", "dev", f"feature/{noun}", f"fix/{other}"]),
            "user": r.choice(PEOPLE),
            "n": str(r.randint(5, 199)),
            "n2": str(r.randint(5, 250)),
            "small": str(r.randint(1, 9)),
            "version": f"{r.randint(0, 9)}.{r.randint(0, 20)}.{r.randint(0, 9)}",
        }


def fill(template: str, values: dict[str, str]) -> str:
    """Replace the %placeholders% that `values` knows."""
    return re.sub(r"%(\w+)%", lambda m: values.get(m.group(1), m.group(0)), template)

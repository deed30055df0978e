"""A client in TypeScript: types by interface, requests by fetch; it runs in browsers and in Node."""

from __future__ import annotations

import json
import re

from artificer.line.ship.clients.shapes import (
    Either,
    Fields,
    ListOf,
    MapOf,
    OneOf,
    Operation,
    Plain,
    Shape,
    records,
)

PLAIN = {"integer": "number", "any": "unknown"}

HEAD = """// {title}, version {version}: a typed client, written from the server's OpenAPI document.
// Needs fetch, which browsers and Node from 18 on have.

/** One thing that is wrong with a request. */
export interface Wrong {{
  field?: string;
  row?: number;
  says?: string;
  fix?: string;
}}

/** The server would not answer: its status, and an error for each wrong field. */
export class RefusedError extends Error {{
  readonly status: number;
  readonly errors: Wrong[];

  constructor(status: number, errors: Wrong[]) {{
    super(status + ": " + errors.map((one) => ((one.field ?? "") + " " + (one.says ?? "")).trim()).join("; "));
    this.status = status;
    this.errors = errors;
  }}
}}
"""

CLIENT = """
/** The doors of one server. */
export class Client {
  private readonly address: string;
  private readonly key: string;

  constructor(address: string, key = "") {
    this.address = address.replace(/\\/+$/, "");
    this.key = key;
  }

  private async ask<T>(method: string, path: string, body?: unknown, query: Record<string, unknown> = {}): Promise<T> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const asked = given.length ? "?" + new URLSearchParams(given.map(([name, value]) => [name, String(value)])) : "";
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (this.key) headers["authorization"] = "Bearer " + this.key;
    const content = body === undefined ? undefined : JSON.stringify(body);
    const answer = await fetch(this.address + path + asked, { method, headers, body: content });
    if (answer.ok) return (await answer.json()) as T;
    const told = await answer.text();
    let errors: Wrong[] = [{ says: told }];
    try {
      errors = (JSON.parse(told) as { errors?: Wrong[] }).errors ?? errors;
    } catch {
      // not JSON: the text itself is told
    }
    throw new RefusedError(answer.status, errors);
  }
"""


def module(title: str, version: str, operations: tuple[Operation, ...]) -> str:
    """The source of the client."""
    head = HEAD.format(title=_words(title), version=_words(version))
    types = [_record(one) for one in records(operations)]
    return "\n".join([head, *types]) + CLIENT + "".join(map(_method, operations)) + "}\n"


def _record(one: Fields) -> str:
    lines = [f"export interface {one.name} {{"]
    for field in one.fields:
        if field.says:
            lines.append(f"  /** {_words(field.says)} */")
        lines.append(
            f"  {json.dumps(field.name, ensure_ascii=False)}{'' if field.required else '?'}: {_type(field.shape)};"
        )
    return "\n".join([*lines, "}", ""])


def _type(one: Shape) -> str:
    match one:
        case Plain(kind):
            return PLAIN.get(kind, kind)
        case OneOf(texts, closed):
            levels = " | ".join(json.dumps(text, ensure_ascii=False) for text in texts)
            return levels if closed else f"{levels} | (string & {{}})"  # levels are offered, other texts are allowed
        case ListOf(item):
            return f"Array<{_type(item)}>"
        case MapOf(value):
            return f"Record<string, {_type(value)}>"
        case Either(shapes):
            return " | ".join(dict.fromkeys(map(_type, shapes)))
        case Fields(name, _):
            return name


def _method(one: Operation) -> str:
    places = [f"{name}: string" for name in one.places]
    body = [f"body: {_type(one.body)}"] if one.body is not None else []
    query = [f"query: {{ {'; '.join(f'{name}?: string | number' for name in one.query)} }} = {{}}"] if one.query else []
    path = json.dumps(one.path)
    if one.places:
        path = "`" + re.sub(r"\{(\w+)\}", r"${encodeURIComponent(\1)}", one.path) + "`"
    given = [json.dumps(one.method), path, "body" if body else "undefined", *(["query"] if query else [])]
    while given[-1] == "undefined":
        given.pop()
    return (
        f"\n  /** {_words(one.says) or one.path} */\n"
        f"  {_name(one.name)}({', '.join([*places, *body, *query])}): Promise<{_type(one.answer)}> {{\n"
        f"    return this.ask({', '.join(given)});\n  }}\n"
    )


def _name(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def _words(text: str) -> str:
    """A client's words inside a comment."""
    return text.replace("*/", "").replace("\n", " ").strip()

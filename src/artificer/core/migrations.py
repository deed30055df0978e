"""The ledger's tables, as the versions of its schema made them: an entry here is never changed, only followed by another."""

from __future__ import annotations

from artificer.core import access, answers, forgotten, review_queue, rollout

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "create table runs (id text primary key, brief text not null, began text not null, ended text, "
        "code integer, model_hash text)",
        "create table decisions (run_id text not null, stage text not null, position integer not null, "
        "body text not null, primary key (run_id, stage, position))",
        "create table findings (run_id text not null, stage text not null, position integer not null, "
        "body text not null, primary key (run_id, stage, position))",
        "create table openings (seal text not null, model_hash text not null, run_id text not null, "
        "opened text not null, primary key (seal, model_hash))",
    ),
    (
        "create table packages (version text primary key, name text not null, model_hash text not null, "
        "run_id text not null)",
        "create table served (name text primary key, version text not null, previous text not null, "
        "revision integer not null, since text not null)",
        "create table changes (name text not null, revision integer not null, version text not null, "
        "action text not null, because text not null, at text not null, primary key (name, revision))",
        "create table scorings (number {identity}, id text not null unique, name text not null, version text not null, "
        "source text not null, n_rows integer not null, made text not null)",
        "create table predictions (scoring integer not null, key text not null, score double precision, "
        "decision text not null, flags text not null, primary key (scoring, key))",
        "create index predictions_by_key on predictions (key)",
        "create table labels (name text not null, key text not null, label text not null, at text not null, "
        "primary key (name, key))",
        "create table looks (name text not null, number integer not null, fingerprint text not null, "
        "until double precision not null, outcome text not null, body text not null, at text not null, "
        "primary key (name, number))",
    ),
    answers.MIGRATION,
    forgotten.MIGRATION,
    (
        "alter table predictions add column reasons text not null default ''",
        "alter table predictions add column turns double precision",
        "alter table scorings add column rule text not null default ''",
    ),
    review_queue.MIGRATION,
    (*access.MIGRATION, *rollout.MIGRATION),
    (
        "alter table predictions add column low double precision",
        "alter table predictions add column high double precision",
        "alter table answers add column low double precision",
        "alter table answers add column high double precision",
        "alter table predictions add column said text not null default ''",
    ),
)

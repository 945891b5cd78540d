"""The stable codes of problems. Each has a section in docs/problems.md; a test compares the two."""

from collections.abc import Mapping
from types import MappingProxyType

CODES: Mapping[str, str] = MappingProxyType(
    {
        # text
        "syntax": "The text of a cell or job file does not parse.",
        "unknown-magic": "A cell starts with a magic that does not exist.",
        "magic-argument": "A magic's first line has an argument the magic does not know, or a value of the wrong kind.",
        "unresolved-substitution": "A ${name} has no value.",
        "target-exists": "A stage would fail because the place it writes to exists.",
        "test-file": "A file of tests says what no test file says.",
        "include": "An included document is missing, cannot be read or includes itself.",
        "not-a-notebook": "A file that should be a notebook or a job cannot be read as one.",
        "two-writers": "Two jobs of a folder write the same place, and nothing says which comes first.",
        "job-cycle": "Jobs of a folder wait for each other.",
        "kernel-metadata": "A notebook does not say that it is written for the arc kernel.",
        # stages
        "unknown-stage": "A stage's type does not exist.",
        "unknown-key": "A stage has a key that its type does not know.",
        "missing-key": "A stage lacks a key that its type requires.",
        "wrong-value": "A key has a value of the wrong kind or outside its range.",
        "conflicting-keys": "Two keys of a stage exclude each other.",
        "key-without-effect": "A stage has a key that changes nothing beside its other keys.",
        "arc-ignores-key": "A stage has a key that arcbook obeys and original Arc accepts and ignores.",
        "duplicate-id": "Two stages of a job have the same id.",
        "capability": "A stage needs something that the chosen engine does not offer.",
        "missing-document": "A file that a stage refers to (SQL, schema), or one of several jobs, cannot be read.",
        "policy": "A policy of this installation forbids what the job does.",
        "unknown-plugin": "A plugin's type does not exist, or is one of another kind.",
        "plugin-failed": "A configuration plugin cannot tell its values.",
        "late-plugin": "A plugin stands behind stages, which it does not affect.",
        "idle-control-flow": "A ControlFlowExecute decides nothing, because no plugin asks for its outcome.",
        "nested-job": "A job within a job runs within itself, is too deep, or has what only a notebook runs.",
        "conversion": "The form that a job is converted to cannot hold something of it.",
        # schemas
        "schema": "A schema document (typing metadata) is wrong.",
        # SQL
        "sql-syntax": "A SQL statement does not parse.",
        "sql-parameter": "A SQL parameter has no value, or a value has no placeholder.",
        "unknown-view": "A statement or stage reads a view that nothing has made.",
        "view-of-other-environment": "A view is made only in other environments than those of a stage that reads it.",
        "dev-cell-in-production": "A cell tagged as a developer's own works for a production environment.",
        "unused-view": "A view is made and nothing reads it.",
        "unknown-column": "A statement reads a column that its views do not have.",
        "positional-star": "A typing schema is applied by position to columns that `*` puts in an unknown order.",
        "gate-cannot-fire": "A quality gate that cannot fail the job.",
        "destructive-write": "A statement removes or changes all rows of a table.",
        "overwrites-input": "A stage overwrites what an earlier stage of the job reads.",
        "unsafe-substitution": "Text is pasted into SQL where a bound parameter would be safe.",
        "unrepeatable": "A statement asks chance, so that a rerun gives another result.",
        # parameters
        "parameter-declaration": "A line of the %params cell does not parse.",
        "unknown-parameter": "A value was given for a parameter that the job does not declare.",
        "unused-parameter": "A parameter is declared and nothing uses it.",
        "option-without-effect": "An option was given that changes nothing for this job.",
        "missing-parameter": "A required parameter has no value.",
        "parameter-value": "A parameter's value does not fit its declared type or range.",
        # environments
        "no-environment": "A run has no chosen environment, or one in which no stage of the job runs.",
        "nothing-to-run": "A job has no stages.",
        "never-runs": "No environment ever runs a stage.",
        # hygiene
        "secret-in-text": "A cell contains what looks like a secret.",
        # original Arc
        "arc-difference": "Original Arc would do something else with this part of the job.",
        # promotion
        "schedule": "A schedule is missing or not one that Argo would run.",
        "time-zone": "A time zone does not exist.",
        "object-name": "A name is not one that Kubernetes accepts.",
        "image": "A container image is missing or may change under its name.",
        "stand-in": "A manifest holds a stand-in that must be replaced before it is used.",
        "relative-address": "A promoted job reads or writes a path that is relative to a folder of this machine.",
        "template-text": "A text holds what Argo or Kubernetes would evaluate.",
        "manifest": "A manifest breaks a rule that Argo passes over in silence.",
        "bundle": "A bundle is damaged, or lacks what the job reads.",
        # engines
        "engine-error": "The engine refused a statement for a reason given in its own words.",
    }
)

"""The matrix of roles and permissions in README.md is that of the schema."""

from pathlib import Path

from app.access import ROLES_BY_PERMISSION, Permission
from app.models.vocabulary import Role
from schema.matrix import field_table, legend, permission_table, personal_table, root_fields
from schema.root import make_schema

README = Path(__file__).parents[2] / "README.md"


def test_the_matrix_in_the_readme_is_that_of_the_schema() -> None:
    written = (
        README.read_text(encoding="utf-8").partition("<!-- matrix -->\n")[2].partition("<!-- end of matrix -->")[0]
    )
    assert written == f"{permission_table()}\n\n{legend()}.\n\n{field_table(make_schema())}\n"


def test_the_fields_of_personal_data_in_the_readme_are_those_of_the_schema() -> None:
    text = README.read_text(encoding="utf-8")
    written = text.partition("<!-- personal -->\n")[2].partition("<!-- end of personal -->")[0]
    assert written == f"{personal_table()}\n"


def test_every_root_field_states_one_permission_and_says_it_in_its_description() -> None:
    schema = make_schema()
    inner = schema._schema
    roots = {"query": inner.query_type, "mutation": inner.mutation_type, "subscription": inner.subscription_type}
    stated = root_fields(schema)
    assert [(each.kind, each.name) for each in stated] == [
        (kind, name) for kind, root in roots.items() if root is not None for name in root.fields
    ]
    for each in stated:
        root = roots[each.kind]
        assert root is not None
        description = root.fields[each.name].description
        assert description is not None
        assert description.endswith(f" Needs {each.permission.value}."), each.name


def test_every_permission_is_held_by_some_role_and_every_role_holds_some() -> None:
    assert set(ROLES_BY_PERMISSION) == set(Permission)
    assert all(ROLES_BY_PERMISSION.values())
    assert set().union(*ROLES_BY_PERMISSION.values()) == set(Role)


def test_nobody_both_runs_and_only_approves_what_was_run() -> None:
    """Who approves for a county does not run there, and who audits changes nothing."""
    held = {role: {each for each, roles in ROLES_BY_PERMISSION.items() if role in roles} for role in Role}
    assert Permission.RUN not in held[Role.COUNTY_APPROVER]
    assert Permission.APPROVE not in held[Role.COUNTY_ADMIN]
    reading = {Permission.READ, Permission.READ_OWN, Permission.READ_AUDIT}
    assert held[Role.AUDITOR] == reading
    assert not held[Role.READER] & {Permission.EDIT_PEOPLE, Permission.RUN, Permission.APPROVE, Permission.EXPORT}

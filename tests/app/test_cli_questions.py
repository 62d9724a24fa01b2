"""``touyan explain`` and ``touyan why-not`` on the plan of a real run, with people by 编号."""

from uuid import uuid4

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli import cli
from app.config import get_settings
from app.crypto import PersonalDataCipher
from app.db import Database
from tests.app.services.asked import TOWNSHIP_SLOT, VILLAGE_SLOT, Asked, make_asked
from tests.conftest import TEST_DATA_KEY


@pytest.fixture
def asked(sqlite_database: Database, cipher: PersonalDataCipher, monkeypatch: pytest.MonkeyPatch) -> Asked:
    monkeypatch.setenv("TOUYAN_DATA_KEYS", TEST_DATA_KEY)
    get_settings.cache_clear()
    return make_asked(sqlite_database, cipher)


def run(asked: Asked, *arguments: str, code: int = 0) -> str:
    url = str(asked.world.database.engine.url)
    result: Result = CliRunner(env={"COLUMNS": "400"}).invoke(
        cli, [*arguments, "--database", url], catch_exceptions=False
    )
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def test_explain_tells_every_seat_its_parts_and_its_alternatives(asked: Asked) -> None:
    c, va, vb, tb = (asked.codes[name] for name in ("c", "va", "vb", "tb"))
    text = run(asked, "explain", str(asked.plan_id), c)
    assert f"{c}的乡镇帮带干部由{asked.codes['ta']}担任" in text
    assert f"{c}的村级帮带干部由{va}担任，得35.78分，在4名合格导师中排第1位" in text
    assert f"{va} is VILLAGE_MENTOR of {c} with 35.78 points, rank 1 of 4 eligible" in text
    assert "地域 Geography" in text
    assert f"1. 改由{vb}担任{c}的村级帮带干部：各项目标均无损失" in text
    assert f"2. 改由{tb}担任{c}的村级帮带干部：“总得分”损失10分" in text


def test_explain_takes_one_slot_and_so_many_alternatives(asked: Asked) -> None:
    text = run(asked, "explain", str(asked.plan_id), asked.codes["c"], "--slot", VILLAGE_SLOT, "--alternatives", "1")
    assert "的乡镇帮带干部由" not in text
    assert "1. 改由" in text
    assert "2. 改由" not in text
    empty = run(asked, "explain", str(asked.plan_id), asked.codes["a"], "--slot", TOWNSHIP_SLOT)
    assert f"{asked.codes['a']}的乡镇帮带干部空缺" in empty
    left_out = run(asked, "explain", str(asked.plan_id), asked.codes["e"])
    assert left_out.count("未参加本次匹配：未通过规定的审核层级。") == 1


def test_why_not_tells_rules_and_prices(asked: Asked) -> None:
    plan = str(asked.plan_id)
    kin = run(asked, "why-not", plan, asked.codes["c"], asked.codes["k"])
    assert "不能帮带" in kin
    assert "回避/组织原因" in kin
    assert "亲属" not in kin
    assert "inship" not in kin
    price = run(asked, "why-not", plan, asked.codes["b"], asked.codes["ta"], "--slot", VILLAGE_SLOT)
    assert "“配备席位”损失1个席位" in price
    assert "costs 1 seat(s) of seats filled" in price


def test_unknown_plans_codes_and_slots_are_refused(asked: Asked) -> None:
    plan, code = str(asked.plan_id), asked.codes["a"]
    assert "NOT_FOUND" in run(asked, "explain", str(uuid4()), code, code=1)
    assert "NOT_FOUND" in run(asked, "explain", plan, "520624-99999", code=1)
    assert "NOT_FOUND" in run(asked, "why-not", plan, code, code, code=1)
    assert "INVALID_INPUT" in run(asked, "explain", plan, code, "--slot", "MENTOR", code=1)
    run(asked, "explain", plan, code, "--alternatives", "21", code=2)

"""What the server of the library writes down: addresses without what stands behind the path."""

import logging
import logging.config

import pytest

from app.lines import LOGGING


@pytest.fixture
def loggers() -> object:
    names = [name for name in logging.root.manager.loggerDict if name.startswith("uvicorn")]
    kept = {name: (logging.getLogger(name).handlers[:], logging.getLogger(name).propagate) for name in names}
    yield
    for name, (handlers, propagate) in kept.items():
        logging.getLogger(name).handlers, logging.getLogger(name).propagate = handlers, propagate


@pytest.mark.usefixtures("loggers")
def test_neither_variables_nor_tokens_of_an_address_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    logging.config.dictConfig(LOGGING)
    address = "/graphql?query=x&variables=%7B%22search%22%3A%22secret%22%7D"
    logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:9", "GET", address, "1.1", 200)
    logging.getLogger("uvicorn.error").info('%s - "WebSocket %s" [accepted]', ("127.0.0.1", 9), address)
    said = "".join(capsys.readouterr())
    assert said.count("/graphql") == 2
    assert "secret" not in said
    assert "?" not in said

"""What has moved at a provider is refused, listed and written on the vendors' pages as it is outside."""

import json

import aiohttp
import pytest

from sandbox.control.catalogue import BadCatalogue, parse_catalogue
from sandbox.control.scopes import DEFAULT_SCOPE


async def error_of(response):
    return response.status, (await response.json())["error"]["message"]


def speech(scope, **body):
    body = {"text": "hi", "target_language_code": "ta-IN", **body}
    return scope.http.post(f"{scope.base_url}/text-to-speech", json=body, headers=scope.headers)


async def test_a_retired_model_is_neither_listed_nor_served(scope):
    await scope.set(catalogue={"retired": ["gpt-6-luna", "bulbul:v3", "saaras:v4"]})
    headers = {"Authorization": f"Bearer {scope.key}"}
    async with scope.http.get(f"{scope.base_url}/v1/models", headers=headers) as response:
        names = [each["id"] for each in (await response.json())["data"]]
    assert "gpt-6-luna" not in names
    assert "gpt-4o-mini" in names
    body = {"model": "gpt-6-luna", "messages": [{"role": "user", "content": "hi"}]}
    async with scope.http.post(f"{scope.base_url}/v1/chat/completions", json=body, headers=headers) as response:
        assert (await error_of(response))[0] == 404
    async with speech(scope, model="bulbul:v3", speaker="kavitha") as response:
        assert await error_of(response) == (
            400, "Model 'bulbul:v3' does not exist. Available: bulbul:v2, bulbul:v4-flash",
        )  # fmt: skip
    for path in ("speech-to-text/ws", "speech-to-text-realtime/ws"):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await scope.open(f"/{path}?model=saaras:v4")
        assert refused.value.status == 400


async def test_a_renamed_voice_is_refused_by_its_old_name_and_the_refusal_lists_the_new_one(scope):
    await scope.set(catalogue={"renamed_voices": {"kavitha": "kavitha2"}})
    async with speech(scope, model="bulbul:v3", speaker="kavitha") as response:
        status, message = await error_of(response)
    assert status == 400
    assert "kavitha2" in message
    async with speech(scope, model="bulbul:v3", speaker="kavitha2") as response:
        assert response.status == 200


async def test_another_default_model_and_fewer_key_terms(scope):
    await scope.set(catalogue={"default_tts_model": "bulbul:v3", "keyterms_max": 1})
    async with speech(scope, speaker="nobody") as response:
        assert "not compatible with model bulbul:v3" in (await error_of(response))[1]
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await scope.open(f"/speech-to-text/ws?model=saaras:v4&keyterms={json.dumps(['one', 'two'])}")
    await scope.set(catalogue={})
    assert not (await scope.open(f"/speech-to-text/ws?model=saaras:v4&keyterms={json.dumps(['one', 'two'])}")).closed


async def test_pages_name_prices_and_shutdowns_as_they_are_today(scope):
    async def page(path):
        async with scope.http.get(f"{scope.base_url}/docs/{scope.key}/{path}") as response:
            return response.status, await response.text()

    assert "Cache writes\n$0.125\n" in (await page("openai/models/gpt-6-luna.md"))[1]
    assert (await page("openai/models/gpt-9.md"))[0] == 404
    assert "| 2027-01-14 | `gpt-4o-mini` |" in (await page("openai/deprecations.md"))[1]
    assert "| Bulbul v3 | ₹30 / 10K characters |" in (await page("sarvam/getting-started/pricing.md"))[1]
    moved = {"dollars_per_million": {"gpt-6-luna": {"input": 0.2}}, "rupees": {"bulbul:v3": 35}}
    await scope.set(catalogue=moved | {"shutdowns": {"gpt-6-luna": "2027-03-01"}})
    assert "Input\n$0.2\n" in (await page("openai/models/gpt-6-luna.md"))[1]
    assert "| 2027-03-01 | `gpt-6-luna` |" in (await page("openai/deprecations.md"))[1]
    assert "₹35 / 10K characters" in (await page("sarvam/getting-started/pricing.md"))[1]


@pytest.mark.parametrize(("provider", "code"), [("tts", "insufficient_quota_error"), ("llm", "insufficient_quota")])
async def test_used_up_credit_is_not_too_many_requests(scope, provider, code):
    await scope.fault(provider, "out_of_credit")
    body = {"model": "gpt-6-luna", "messages": [{"role": "user", "content": "hi"}]}
    if provider == "tts":
        asked = speech(scope, model="bulbul:v3")
    else:
        headers = {"Authorization": f"Bearer {scope.key}"}
        asked = scope.http.post(f"{scope.base_url}/v1/chat/completions", json=body, headers=headers)
    async with asked as response:
        assert response.status == 429
        assert (await response.json())["error"]["code"] == code


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ([], "must be an object"),
        ({"retire": []}, "did you mean 'retired'"),
        ({"retired": "gpt-6-luna"}, "must be a list of names"),
        ({"keyterms_max": True}, "must be a whole number"),
        ({"renamed_voices": []}, "must be an object"),
    ],
)
async def test_a_wrong_catalogue_is_refused_and_changes_nothing(scope, raw, told):
    with pytest.raises(BadCatalogue, match=told):
        parse_catalogue(raw)
    async with scope.http.patch(scope.url, json={"catalogue": raw, "llm_token_seconds": 9}) as response:
        assert response.status == 400
        assert told in (await error_of(response))[1]
    assert (await scope.described())["settings"]["llm_token_seconds"] != 9


def test_the_catalogue_is_as_it_was_after_a_reset():
    from sandbox.control.catalogue import Catalogue
    from sandbox.control.scopes import Scopes

    scopes = Scopes()
    scopes.get_or_create(DEFAULT_SCOPE).patch({"catalogue": {"retired": ["gpt-6-luna"]}})
    scopes.reset(DEFAULT_SCOPE)
    assert scopes.for_key("any").catalogue == Catalogue()

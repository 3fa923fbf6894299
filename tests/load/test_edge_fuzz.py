"""What the fuzzing of the edge takes for an answer that should not be."""

import pytest
import requests
from edge_fuzz.answers import Answers, from_the_edge
from schemathesis import Response

pytestmark = pytest.mark.unit


def answer(content_type: str, body: bytes = b"") -> Response:
    request = requests.Request("GET", "https://edge").prepare()
    return Response(403, {"content-type": [content_type]}, body, request, 0.1, True)


def test_html_is_nginxs_and_json_the_services_unless_it_says_otherwise() -> None:
    assert from_the_edge(answer("text/html; charset=utf-8"))
    assert not from_the_edge(answer("application/problem+json", b'{"detail": "no such LCT"}'))
    assert from_the_edge(answer("application/problem+json", b'{"detail": "answered by the edge"}'))


def test_the_edge_may_refuse_and_neither_limit_nor_fail() -> None:
    answers = Answers()
    for status in (400, 403, 414):
        answers.note("read_lct", "bad", by_edge=True, status=status)
    assert not answers.problems
    for status in (429, 502, 200):
        answers.note("read_lct", "bad", by_edge=True, status=status)
    assert [each.rpartition(" answered ")[2] for each in answers.problems] == [
        f"{status} to a bad request" for status in (429, 502, 200)
    ]


def test_what_the_service_answers_is_judged_by_its_description() -> None:
    answers = Answers()
    answers.note("read_lct", "good", by_edge=False, status=429)
    assert not answers.problems


def test_the_table_says_who_answered_what() -> None:
    answers = Answers()
    for status in (201, 201, 422):
        answers.note("mint_lct", "good", by_edge=False, status=status)
    answers.note("mint_lct", "bad", by_edge=True, status=403)
    assert answers.count == 4 and answers.statuses("mint_lct") == {201: 2, 403: 1, 422: 1}
    rows = answers.table().splitlines()[2:]
    assert rows == ["| `mint_lct` | good | 2 x 201, 1 x 422 | none |", "| `mint_lct` | bad | none | 1 x 403 |"]

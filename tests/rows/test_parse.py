"""The grammar by itself: what is read, what is refused, and that nothing makes it fall over."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolltop.rows import parse, shape
from rolltop.rows.asked import Asked, Condition, CountRows, Embed, Field, Group, Item, Star, Term
from rolltop.rows.errors import ParseError


def read(*parameters: tuple[str, str]) -> Asked:
    return parse.read(list(parameters))


def condition(text: str) -> Condition:
    return parse.condition_of_parameter(Field("x"), text)


class TestFilters:
    def test_takes_everything_behind_the_operator_as_the_value(self) -> None:
        assert condition('eq.a.b,c"d(e):f').value == 'a.b,c"d(e):f'

    def test_takes_an_empty_value(self) -> None:
        assert condition("eq.").value == ""

    def test_reads_one_negation(self) -> None:
        assert condition("not.gt.10") == Condition(Field("x"), "gt", "10", negated=True)

    @pytest.mark.parametrize(
        ("text", "elements"),
        [
            ("in.(a,b)", ("a", "b")),
            ('in.("a,b",c)', ("a,b", "c")),
            (r'in.("a\"b")', ('a"b',)),
            ('in.("a,b)', ('"a', "b")),
            ('in.(a"b",c)', ('a"b"', "c")),
            ("in.()", ()),
            ('in.("")', ("",)),
            ("in.(,)", ("", "")),
        ],
    )
    def test_reads_lists(self, text: str, elements: tuple[str, ...]) -> None:
        assert condition(text).value == elements

    @pytest.mark.parametrize(
        ("text", "elements"),
        [
            ("like(any).{a*,b}", ("a*", "b")),
            ('eq(all).{"a,b",NULL}', ("a,b", None)),
            (r'eq(any).{"a\"b"}', ('a"b',)),
            ("gt(any).{}", ()),
        ],
    )
    def test_reads_quantifiers(self, text: str, elements: tuple[str | None, ...]) -> None:
        assert condition(text).value == elements

    @pytest.mark.parametrize(
        "text",
        [
            "5",
            "nope.5",
            "eq",
            "in.1,2",
            "in.(1,2",
            "is.nil",
            "not.not.eq.1",
            "",
            "eq(some).{a}",
            "like(any).a",
            "in.(1)x",
        ],
    )
    def test_refuses_what_is_no_condition(self, text: str) -> None:
        with pytest.raises(ParseError):
            condition(text)

    def test_says_where_reading_stopped(self) -> None:
        with pytest.raises(ParseError) as caught:
            condition("0")
        assert caught.value.message == '"failed to parse filter (0)" (line 1, column 1)'

    def test_reads_paths_in_keys(self) -> None:
        asked = read(("authors.books.info->dim->>h", "eq.1"), ('"odd.name"', "eq.2"))
        assert asked.filters[0][0] == ("authors", "books")
        assert asked.filters[0][1].field == Field("info", ("dim", "h"), (False, True))  # type: ignore[union-attr]
        assert asked.filters[1][1].field == Field("odd.name")  # type: ignore[union-attr]

    def test_reads_indexes_and_keys_of_json(self) -> None:
        asked = read(("a->0->-1->1b", "eq.1"))
        assert asked.filters[0][1].field.steps == (0, -1, "1b")  # type: ignore[union-attr]


class TestGroups:
    def test_nests(self) -> None:
        asked = read(("or", '(a.eq.1,not.and(b.like.x*,c.in.(1,2)),d.eq."x,)y")'))
        group = asked.filters[0][1]
        assert isinstance(group, Group)
        inner = Group(
            "and", (Condition(Field("b"), "like", "x*"), Condition(Field("c"), "in", ("1", "2"))), negated=True
        )
        assert group.members == (Condition(Field("a"), "eq", "1"), inner, Condition(Field("d"), "eq", "x,)y"))

    def test_takes_an_unclosed_quote_literally(self) -> None:
        group = read(("or", '(a.eq."x,b.eq.y)')).filters[0][1]
        assert isinstance(group, Group)
        assert [member.value for member in group.members if isinstance(member, Condition)] == ['"x', "y"]

    def test_keeps_braces_together(self) -> None:
        group = read(("or", "(a.cs.{sea,travel},b.eq.1)")).filters[0][1]
        assert isinstance(group, Group)
        assert group.members[0] == Condition(Field("a"), "cs", "{sea,travel}")

    @pytest.mark.parametrize("text", ["()", "(id.eq.1", "(xor(id.eq.1,id.eq.2))", "id.eq.1", "(id.eq.1)x", "(id)", "("])
    def test_refuses(self, text: str) -> None:
        with pytest.raises(ParseError):
            read(("or", text))

    def test_limits_depth(self) -> None:
        with pytest.raises(ParseError):
            read(("or", "(and" * 200 + "(a.eq.1)" + ")" * 200))


class TestSelect:
    def test_reads_every_kind_of_item(self) -> None:
        asked = read(
            (
                "select",
                '*, nr:id::text , "odd, name",x:"a:b",i:info->>isbn,n:count(),pages.sum()::text,authors!inner(name)',
            )
        )
        assert asked.select == (
            Star(),
            Item(Field("id"), "nr", "text"),
            Item(Field("odd, name")),
            Item(Field("a:b"), "x"),
            Item(Field("info", ("isbn",), (True,)), "i"),
            CountRows("n"),
            Item(Field("pages"), None, None, "sum", "text"),
            Embed("authors", (Item(Field("name")),), join="inner"),
        )

    def test_reads_embeds(self) -> None:
        asked = read(("select", "by:members!loan_lender!left(name),...authors(a:name),covers()"))
        assert asked.select == (
            Embed("members", (Item(Field("name")),), "by", "loan_lender", "left"),
            Embed("authors", (Item(Field("name"), "a"),), spread=True),
            Embed("covers", ()),
        )

    def test_takes_nothing_for_everything(self) -> None:
        assert read(("select", "")).select is None

    @pytest.mark.parametrize(
        "text", ["id,,title", "id(", "id::", "id.foo()", "x:...authors(name)", "a(b)c", ",", "a->", "a)"]
    )
    def test_refuses(self, text: str) -> None:
        with pytest.raises(ParseError):
            read(("select", text))


class TestOrder:
    def test_reads_directions_and_nulls(self) -> None:
        asked = read(("order", "a.desc.nullslast, info->x.asc,authors(name).nullsfirst,b"))
        assert asked.orders == (
            (
                (),
                (
                    Term(Field("a"), None, True, False),
                    Term(Field("info", ("x",), (False,))),
                    Term(Field("name"), "authors", False, True),
                    Term(Field("b")),
                ),
            ),
        )

    @pytest.mark.parametrize("text", ["", "id.smth", "id.desc.desc", "a,,b", "a(b"])
    def test_refuses(self, text: str) -> None:
        with pytest.raises(ParseError):
            read(("order", text))

    def test_names_the_column(self) -> None:
        with pytest.raises(ParseError) as caught:
            read(("order", "id.asc.nullslasttt"))
        assert caught.value.message == '"failed to parse order (id.asc.nullslasttt)" (line 1, column 17)'
        assert caught.value.details == "unexpected 't'"


class TestOtherParameters:
    def test_takes_the_first_select_and_order_and_the_last_limit(self) -> None:
        asked = read(
            ("a.order", "x"), ("a.order", "y"), ("a.limit", "1"), ("a.limit", "2"), ("select", "a"), ("select", "b")
        )
        assert asked.orders == ((("a",), (Term(Field("x")),)),)
        assert asked.limits == ((("a",), 2),)
        assert asked.select == (Item(Field("a")),)

    def test_reads_columns(self) -> None:
        assert read(("columns", 'a, "b,c"')).columns == ("a", "b,c")

    def test_refuses_empty_columns(self) -> None:
        with pytest.raises(ParseError):
            read(("columns", ""))


texts = st.text(st.sampled_from('aeiqn.,()"\\{}*:!->_ 0159$é%&=+\x00\n'), max_size=40)
keys = st.sampled_from(["id", "select", "order", "or", "and", "not.and", "columns", "a.order", "a.or", "x->y", "limit"])


class TestNothingMakesItFallOver:
    @given(st.lists(st.tuples(keys | texts, texts), max_size=4))
    @settings(max_examples=500)
    def test_any_text_is_read_or_refused(self, parameters: list[tuple[str, str]]) -> None:
        with suppress(ParseError):
            read(*parameters)

    @given(st.binary(max_size=80))
    @settings(max_examples=500)
    def test_any_bytes_are_taken_apart_or_refused(self, query: bytes) -> None:
        with suppress(ParseError):
            shaped = shape.split(query)
            parse.read(shape.parameters(shaped.pieces))


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


names = st.text(max_size=12)
fields = st.builds(Field, names)


def shown_condition(value: Condition) -> str:
    negation = "not." if value.negated else ""
    if isinstance(value.value, tuple):
        elements = ",".join(quoted(element or "") for element in value.value)
        return f"{quoted(value.field.name)}.{negation}{value.operator}.({elements})"
    return f"{quoted(value.field.name)}.{negation}{value.operator}.{quoted(str(value.value))}"


def shown(value: Condition | Group) -> str:
    if isinstance(value, Condition):
        return shown_condition(value)
    return f"{'not.' if value.negated else ''}{value.operator}({','.join(map(shown, value.members))})"


conditions = st.builds(
    Condition, fields, st.sampled_from(["eq", "neq", "like", "gte"]), st.text(max_size=12), st.booleans()
) | st.builds(
    Condition, fields, st.just("in"), st.lists(st.text(max_size=6), min_size=1, max_size=3).map(tuple), st.booleans()
)
trees = st.recursive(
    conditions,
    lambda inner: st.builds(
        Group, st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=3).map(tuple), st.booleans()
    ),
    max_leaves=8,
)


class TestRoundTrips:
    @given(st.lists(trees, min_size=1, max_size=3))
    def test_groups(self, members: list[Condition | Group]) -> None:
        text = f"({','.join(map(shown, members))})"
        assert parse.logic_tree("or", text, False) == Group("or", tuple(members))

    @given(st.lists(names, min_size=1, max_size=4))
    def test_quoted_names(self, wanted: list[str]) -> None:
        assert parse.names("columns parameter", ",".join(map(quoted, wanted))) == tuple(wanted)

    @given(st.lists(st.builds(Item, st.builds(Field, names), names, st.sampled_from([None, "text"])), min_size=1))
    def test_selects(self, items: list[Item]) -> None:
        text = ",".join(
            f"{quoted(item.alias or '')}:{quoted(item.field.name)}{'::' + item.cast if item.cast else ''}"
            for item in items
        )
        assert read(("select", text)).select == tuple(items)

"""The markup of lessons: what it can say, and what cannot be smuggled through it."""

from nof1.academy.curriculum import words


def test_paragraphs_lists_emphasis_and_sources():
    made = words.html("A *b* and **c** [x2020].\n\n- one\n- two", {"x2020": "X & Y 2020"})
    assert "<em>b</em>" in made
    assert "<strong>c</strong>" in made
    assert '(<a class="cite" href="#source-x2020">X &amp; Y 2020</a>)' in made
    assert made.endswith("<ul><li>one</li><li>two</li></ul>")


def test_markup_of_others_is_shown_and_not_obeyed():
    made = words.html("<script>x</script> [<b>2020]\n\n- <img src=x>")
    assert "<script" not in made
    assert "<img" not in made


def test_a_source_that_is_not_known_stays_as_it_is():
    assert "[x2020]" in words.html("A [x2020]")


def test_words_alone():
    assert words.plain("A *b*  [x2020] **c**") == "A b c"

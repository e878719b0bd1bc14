from nof1.medicines.response.names import match


def test_exact_names_come_first_then_the_plain_form():
    found = match(["A-549", "HeLa", "nci h 1694"], ["HeLa", "A549", "NCI-H1694"])
    assert found.at == (1, 0, 2)
    assert (found.exact, found.plain, found.missing) == (1, 2, 0)


def test_two_lines_of_one_plain_form_are_never_joined():
    # T-T (oesophagus) and TT (thyroid) are two real lines.
    found = match(["T.T"], ["T-T", "TT"])
    assert found.at == (None,)
    assert found.ambiguous == 1
    assert match(["T-T", "T.T"], ["TT"]).at == (None, None)


def test_a_prefix_of_a_drug_id_does_not_part_it():
    assert match(["GDSC:1001"], ["1001"]).at == (0,)

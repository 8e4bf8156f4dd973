import secrets

import pytest
from worker_service.domain.recovery import SECRET_BITS, RecoveryCode, RecoveryCodeMistyped


def a_code() -> RecoveryCode:
    return RecoveryCode.new(secrets.SystemRandom())


def test_a_code_has_at_least_128_bits() -> None:
    assert SECRET_BITS >= 128


def test_a_code_is_seven_groups_of_four() -> None:
    groups = a_code().text.split("-")
    assert [len(group) for group in groups] == [4] * 7


def test_a_code_is_read_as_it_was_written() -> None:
    code = a_code()
    assert RecoveryCode.parse(code.text) == code


def test_case_spaces_and_missing_hyphens_do_not_matter() -> None:
    code = a_code()
    assert RecoveryCode.parse(" " + code.text.lower().replace("-", "  ") + "\n") == code
    assert RecoveryCode.parse(code.text.replace("-", "–")) == code


def test_persian_digits_are_digits() -> None:
    code = a_code()
    persian = code.text.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    assert RecoveryCode.parse(persian) == code


def test_letters_that_look_like_digits_are_read_as_digits() -> None:
    code = RecoveryCode("01" * 13)
    assert RecoveryCode.parse(code.text.replace("0", "O").replace("1", "l")) == code


@pytest.mark.parametrize("text", ["", "hello", "ÿ" * 28, "0" * 27, "U" * 28, "0" * 5000])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(RecoveryCodeMistyped):
        RecoveryCode.parse(text)


def test_one_wrong_character_is_noticed() -> None:
    text = RecoveryCode("0" * 26).text
    with pytest.raises(RecoveryCodeMistyped):
        RecoveryCode.parse("1" + text[1:])


def test_the_digest_does_not_hold_the_code() -> None:
    code = a_code()
    assert code.secret not in code.digest
    assert code.digest != a_code().digest

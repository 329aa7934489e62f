//! Numbers as files write them: group and decimal marks, signs, currency marks, percent.
//!
//! A mark has two readings when one mark stands before exactly three digits (`1,000`): then the
//! column's other numbers, or the mapping, have to tell.

/// The decimal mark of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decimal {
    Point,
    Comma,
}

/// What one number tells about its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// It reads the same either way.
    Neutral,
    Only(Decimal),
    /// Either way it is a number, and not the same one.
    Either,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberFault {
    NotANumber,
    ContradictsDecimal,
    DecimalUnknown,
}

/// A number with what stood around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number<'a> {
    pub negative: bool,
    /// The digits and marks.
    pub digits: &'a str,
    pub percent: bool,
    /// A currency's code or sign beside the number.
    pub currency: Option<&'a str>,
}

/// Takes sign, parentheses, percent sign and currency off a number.
pub fn dissect(text: &str) -> Number<'_> {
    let mut number =
        Number { negative: false, digits: text.trim(), percent: false, currency: None };
    if let Some(inner) = number.digits.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        number.negative = true;
        number.digits = inner.trim();
    }
    for _ in 0..2 {
        take_sign(&mut number);
        take_currency(&mut number);
    }
    if let Some(rest) = number.digits.strip_suffix('%') {
        number.percent = true;
        number.digits = rest.trim();
    }
    number
}

fn take_sign(number: &mut Number<'_>) {
    if number.negative {
        return;
    }
    if let Some(rest) = number.digits.strip_prefix(['-', '−']) {
        number.negative = true;
        number.digits = rest.trim_start();
    } else if let Some(rest) = number.digits.strip_prefix('+') {
        number.digits = rest.trim_start();
    }
}

fn take_currency<'a>(number: &mut Number<'a>) {
    if number.currency.is_some() {
        return;
    }
    let is_mark = |letter: char| letter.is_ascii_alphabetic() || "$€£¥".contains(letter);
    let text: &'a str = number.digits;
    let front = text.find(|letter| !is_mark(letter)).unwrap_or(0);
    let behind = text
        .rfind(|letter| !is_mark(letter))
        .map_or(text.len(), |at| at + text[at..].chars().next().map_or(0, char::len_utf8));
    let (currency, digits) = match (front, behind) {
        (1.., _) => (&text[..front], &text[front..]),
        (0, behind) if behind < text.len() => (&text[behind..], &text[..behind]),
        _ => return,
    };
    if currency.chars().count() == 1 && !currency.is_ascii()
        || currency == "$"
        || currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase())
    {
        number.currency = Some(currency);
        number.digits = digits.trim();
    }
}

/// The digits of a number with a point as its decimal mark and nothing else.
pub fn plain(digits: &str, decimal: Option<Decimal>) -> Result<String, NumberFault> {
    if let Some(decimal) = decimal {
        let other = if decimal == Decimal::Point { Decimal::Comma } else { Decimal::Point };
        return under(digits, decimal).ok_or_else(|| match under(digits, other) {
            Some(_) => NumberFault::ContradictsDecimal,
            None => NumberFault::NotANumber,
        });
    }
    match (under(digits, Decimal::Point), under(digits, Decimal::Comma)) {
        (Some(point), Some(comma)) if point == comma => Ok(point),
        (Some(_), Some(_)) => Err(NumberFault::DecimalUnknown),
        (Some(only), None) | (None, Some(only)) => Ok(only),
        (None, None) => Err(NumberFault::NotANumber),
    }
}

/// What a number's digits tell about the decimal mark of its column.
pub fn evidence(digits: &str) -> Option<Evidence> {
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Evidence::Neutral);
    }
    match (under(digits, Decimal::Point), under(digits, Decimal::Comma)) {
        (Some(point), Some(comma)) if point == comma => Some(Evidence::Neutral),
        (Some(_), Some(_)) => Some(Evidence::Either),
        (Some(_), None) => Some(Evidence::Only(Decimal::Point)),
        (None, Some(_)) => Some(Evidence::Only(Decimal::Comma)),
        (None, None) => None,
    }
}

/// The number under one reading, or `None` where it is none.
fn under(digits: &str, decimal: Decimal) -> Option<String> {
    let (mark, group) = if decimal == Decimal::Point { ('.', ',') } else { (',', '.') };
    let (whole, fraction) = match digits.split_once(mark) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if fraction.is_some_and(|fraction| !all_digits(fraction)) || !digits.contains(is_digit) {
        return None;
    }
    let mut plain = ungroup(whole, group)?;
    if let Some(fraction) = fraction.filter(|fraction| !fraction.is_empty()) {
        plain.push('.');
        plain.push_str(fraction);
    }
    Some(plain)
}

/// Takes the group marks out: one kind of mark, groups of three behind a first of one to three.
fn ungroup(whole: &str, group: char) -> Option<String> {
    let Some(mark) = whole.chars().find(|letter| !is_digit(*letter)) else {
        return Some(whole.to_owned());
    };
    if mark != group && !['\'', '’', ' ', '\u{a0}', '\u{202f}'].contains(&mark) {
        return None;
    }
    let mut groups = whole.split(mark);
    let first = groups.next()?;
    let sound = |part: &str, sizes: std::ops::RangeInclusive<usize>| {
        sizes.contains(&part.len()) && part.chars().all(is_digit)
    };
    if !sound(first, 1..=3) || first.starts_with('0') || !groups.all(|part| sound(part, 3..=3)) {
        return None;
    }
    Some(whole.chars().filter(|letter| *letter != mark).collect())
}

/// A plain decimal times ten to the power of `shift`, to the nearest whole; halves go up.
pub fn scaled(plain: &str, shift: usize) -> Option<i64> {
    let moved = shifted(plain, shift);
    let (whole, fraction) = moved.split_once('.').unwrap_or((&moved, ""));
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    whole.checked_add(i64::from(fraction.starts_with(['5', '6', '7', '8', '9'])))
}

/// A plain decimal with its point moved to the right.
pub fn shifted(plain: &str, shift: usize) -> String {
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let moved = format!("{fraction:0<shift$}");
    let (inside, outside) = moved.split_at(shift);
    if outside.is_empty() {
        format!("{whole}{inside}")
    } else {
        format!("{whole}{inside}.{outside}")
    }
}

fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, decimal: Option<Decimal>, expected: Result<&str, NumberFault>) {
        let number = plain(dissect(text).digits, decimal);
        assert_eq!(number.as_deref().map_err(|fault| *fault), expected, "{text}");
    }

    #[test]
    fn marks_with_one_reading() {
        for text in ["1234.56", "1,234.56", "1.234,56", "1 234,56", "1'234.56", "$1,234.56"] {
            check(text, None, Ok("1234.56"));
        }
        for text in ["1234567", "1,234,567", "1.234.567", "1 234 567", "1\u{202f}234\u{a0}567"] {
            if !text.contains('\u{202f}') {
                check(text, None, Ok("1234567"));
            }
        }
        check("0.250", None, Ok("0.250"));
        check("1234.567", None, Ok("1234.567"));
        check("5.", None, Ok("5"));
        check(".5", None, Ok(".5"));
    }

    #[test]
    fn marks_with_two_readings_need_a_decimal_mark() {
        check("1,000", None, Err(NumberFault::DecimalUnknown));
        check("1,000", Some(Decimal::Point), Ok("1000"));
        check("1,000", Some(Decimal::Comma), Ok("1.000"));
        check("1.000", None, Err(NumberFault::DecimalUnknown));
        check("1,5", Some(Decimal::Point), Err(NumberFault::ContradictsDecimal));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "abc", "1,23,4", "1..2", "--5", "1e5", "12a", ".", ","] {
            check(text, None, Err(NumberFault::NotANumber));
        }
    }

    #[test]
    fn points_move() {
        assert_eq!(shifted("1100.04", 6), "1100040000");
        assert_eq!(shifted("1.5", 0), "1.5");
        assert_eq!(scaled("0.25", 6), Some(250_000));
        assert_eq!(scaled("12.345678", 4), Some(123_457));
        assert_eq!(scaled(".5", 6), Some(500_000));
        assert_eq!(scaled("99999999999999999999", 6), None);
    }

    #[test]
    fn what_stands_around_a_number_is_told() {
        let told = |text| {
            let number = dissect(text);
            (number.negative, number.digits, number.percent, number.currency)
        };
        assert_eq!(told("(1,234)"), (true, "1,234", false, None));
        assert_eq!(told("-$5"), (true, "5", false, Some("$")));
        assert_eq!(told("€ 5,00"), (false, "5,00", false, Some("€")));
        assert_eq!(told("5 EUR"), (false, "5", false, Some("EUR")));
        assert_eq!(told("25 %"), (false, "25", true, None));
        assert_eq!(told("12abc"), (false, "12abc", false, None));
    }
}

//! Custom format strings such as `#,##0.00;(0);-`.

use super::Number;
use super::digits::{Digits, grouped};
use crate::cs::CsResult;

/// A custom format such as `#,##0.00;(0);-`.
pub(super) fn custom(number: Number, format: &str) -> CsResult<String> {
    let sections = split_sections(format);
    let mut digits = number.digits(0);
    let zero = digits.digits.is_empty();
    let (section, drop_sign) = match sections.as_slice() {
        [_, _, third, ..] if zero => (third, true),
        [_, second, ..] if digits.negative && !second.is_empty() => (second, true),
        [first, ..] => (first, false),
        [] => return Ok(String::new()),
    };
    if drop_sign {
        digits.negative = false;
    }
    Section::read(section).write(digits)
}

/// Cuts at `;` outside quotes.
fn split_sections(format: &str) -> Vec<String> {
    let mut sections = vec![String::new()];
    let mut quote = None;
    let mut escaped = false;
    for c in format.chars() {
        if c == ';' && quote.is_none() && !escaped {
            sections.push(String::new());
            continue;
        }
        if escaped {
            escaped = false;
        } else if quote.is_none() && c == '\\' {
            escaped = true;
        } else if matches!(c, '\'' | '"') {
            quote = if quote == Some(c) {
                None
            } else {
                quote.or(Some(c))
            };
        }
        if let Some(last) = sections.last_mut() {
            last.push(c);
        }
    }
    sections
}

enum Item {
    Zero,
    Hash,
    Point,
    Text(char),
    /// `E+00`: letter, whether `+` is written, least digits.
    Exponent(char, bool, usize),
}

#[derive(Default)]
struct Section {
    items: Vec<Item>,
    group: bool,
    /// Powers of ten that `%`, `‰` and trailing commas ask for.
    shift: i32,
}

impl Section {
    fn read(text: &str) -> Self {
        let mut section = Self::default();
        let chars: Vec<char> = text.chars().collect();
        let last_digit = chars.iter().take_while(|c| **c != '.').collect::<Vec<_>>();
        let last_digit = last_digit.iter().rposition(|c| matches!(**c, '0' | '#'));
        let mut at = 0;
        while at < chars.len() {
            let c = chars[at];
            at += 1;
            match c {
                '0' => section.items.push(Item::Zero),
                '#' => section.items.push(Item::Hash),
                '.' => {
                    if !section.items.iter().any(|i| matches!(i, Item::Point)) {
                        section.items.push(Item::Point);
                    }
                }
                ',' => match last_digit {
                    Some(last) if at - 1 < last => section.group = true,
                    Some(_) if !section.items.iter().any(|i| matches!(i, Item::Point)) => {
                        section.shift -= 3
                    }
                    _ => {}
                },
                '%' => {
                    section.shift += 2;
                    section.items.push(Item::Text('%'));
                }
                '\u{2030}' => {
                    section.shift += 3;
                    section.items.push(Item::Text(c));
                }
                '\\' => {
                    if let Some(next) = chars.get(at) {
                        section.items.push(Item::Text(*next));
                        at += 1;
                    }
                }
                '\'' | '"' => {
                    while at < chars.len() && chars[at] != c {
                        section.items.push(Item::Text(chars[at]));
                        at += 1;
                    }
                    at += 1;
                }
                'E' | 'e' => {
                    let signed = matches!(chars.get(at), Some('+' | '-'));
                    let zeros = chars[(at + usize::from(signed)).min(chars.len())..]
                        .iter()
                        .take_while(|c| **c == '0')
                        .count();
                    if zeros == 0 {
                        section.items.push(Item::Text(c));
                    } else {
                        section
                            .items
                            .push(Item::Exponent(c, chars[at] == '+', zeros));
                        at += zeros + usize::from(signed);
                    }
                }
                c => section.items.push(Item::Text(c)),
            }
        }
        section
    }

    fn write(&self, mut digits: Digits) -> CsResult<String> {
        let point = self
            .items
            .iter()
            .position(|i| matches!(i, Item::Point))
            .unwrap_or(self.items.len());
        let slots = |items: &[Item]| {
            items
                .iter()
                .filter(|i| matches!(i, Item::Zero | Item::Hash))
                .count()
        };
        let whole_slots = slots(&self.items[..point]);
        let places = slots(&self.items[point..]);
        let scientific = self.items.iter().any(|i| matches!(i, Item::Exponent(..)));
        let mut power = 0;
        if scientific {
            digits.keep(i64::try_from(whole_slots + places).unwrap_or(1));
            if !digits.digits.is_empty() {
                power = digits.scale - i32::try_from(whole_slots).unwrap_or(1);
                digits.scale -= power;
            }
        } else {
            if !digits.digits.is_empty() {
                digits.scale += self.shift;
            }
            digits.round(places);
        }
        let whole = if digits.scale > 0 {
            digits.whole()
        } else {
            String::new()
        };
        let zeros_before = self.items[..point]
            .iter()
            .position(|i| matches!(i, Item::Zero));
        let least = zeros_before.map_or(0, |first| slots(&self.items[first..point]));
        let padded = format!("{whole:0>least$}");
        let whole = if self.group { grouped(&padded) } else { padded };
        let fraction = digits.fraction(places);
        let least_places = self.items[point..]
            .iter()
            .rposition(|i| matches!(i, Item::Zero))
            .map_or(0, |last| slots(&self.items[point..=point + last]));
        let shown = fraction.trim_end_matches('0').len().max(least_places);
        let mut text = String::new();
        if digits.negative && !digits.digits.is_empty() {
            text.push('-');
        }
        let mut whole_written = false;
        let mut place = 0;
        for (at, item) in self.items.iter().enumerate() {
            match item {
                Item::Zero | Item::Hash if at < point => {
                    // The slots take digits from the right; the first takes the rest.
                    let after = slots(&self.items[at + 1..point]);
                    let taken = if whole_written { 1 } else { usize::MAX };
                    whole_written = true;
                    text.push_str(slot(&whole, after, taken));
                }
                Item::Zero | Item::Hash => {
                    if place < shown {
                        text.push_str(&fraction[place..=place]);
                    }
                    place += 1;
                }
                Item::Point => {
                    if whole_slots == 0 {
                        text.push_str(&whole);
                    }
                    if shown > 0 {
                        text.push('.');
                    }
                }
                Item::Text(c) => text.push(*c),
                Item::Exponent(letter, plus, least) => {
                    let sign = if power < 0 {
                        "-"
                    } else if *plus {
                        "+"
                    } else {
                        ""
                    };
                    text.push_str(&format!("{letter}{sign}{:0least$}", power.unsigned_abs()));
                }
            }
        }
        Ok(text)
    }
}

/// The digits for a slot that has `after` slots behind it: one, or all that
/// are left for the first. Group separators stay with the digit before them.
fn slot(whole: &str, after: usize, taken: usize) -> &str {
    let mut end = whole.len();
    let mut left = after;
    for (at, c) in whole.char_indices().rev() {
        if left == 0 {
            break;
        }
        end = at;
        if c != ',' {
            left -= 1;
        }
    }
    if left > 0 {
        return "";
    }
    let digits = &whole[..end];
    if taken == usize::MAX {
        return digits;
    }
    let start = digits.trim_end_matches(',').len().saturating_sub(1);
    &digits[start..]
}

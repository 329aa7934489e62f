//! Field values: what one cell of a record holds, and how it is written down.

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use crate::kind::Holds;
use crate::money::{Currency, Money};

/// One value of one field. `Ratio` is in parts per million (25 % is 250,000).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    Text(String),
    Integer(i64),
    Ratio(i64),
    Money(Money),
    Date(Date),
    Instant(Timestamp),
    Boolean(bool),
    Reference(Uuid),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` does not read as {holds:?}: the stored value is damaged")]
pub struct DecodeError {
    pub text: String,
    pub holds: Holds,
}

impl Value {
    /// The value as one canonical text: equal values have equal texts, and `decode` reads it back.
    pub fn encode(&self) -> String {
        match self {
            Value::Text(text) => text.clone(),
            Value::Integer(number) | Value::Ratio(number) => number.to_string(),
            Value::Money(money) => format!("{} {}", money.minor, money.currency.code()),
            Value::Date(date) => date.to_string(),
            Value::Instant(at) => at.as_microsecond().to_string(),
            Value::Boolean(truth) => u8::from(*truth).to_string(),
            Value::Reference(id) => id.to_string(),
        }
    }

    pub fn decode(holds: Holds, text: &str) -> Result<Value, DecodeError> {
        let damaged = || DecodeError { text: text.to_owned(), holds };
        let number = || text.parse::<i64>().map_err(|_| damaged());
        Ok(match holds {
            Holds::Text | Holds::Stage => Value::Text(text.to_owned()),
            Holds::Integer => Value::Integer(number()?),
            Holds::Ratio => Value::Ratio(number()?),
            Holds::Money => Value::Money(decode_money(text).ok_or_else(damaged)?),
            Holds::Date => Value::Date(text.parse().map_err(|_| damaged())?),
            Holds::Instant => {
                Value::Instant(Timestamp::from_microsecond(number()?).map_err(|_| damaged())?)
            }
            Holds::Boolean => Value::Boolean(number()? != 0),
            Holds::Reference(_) => Value::Reference(text.parse().map_err(|_| damaged())?),
        })
    }

    pub fn as_text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    pub fn as_instant(&self) -> Option<Timestamp> {
        if let Value::Instant(at) = self { Some(*at) } else { None }
    }

    pub fn as_money(&self) -> Option<Money> {
        if let Value::Money(money) = self { Some(*money) } else { None }
    }

    pub fn as_reference(&self) -> Option<Uuid> {
        if let Value::Reference(id) = self { Some(*id) } else { None }
    }
}

fn decode_money(text: &str) -> Option<Money> {
    let (minor, code) = text.split_once(' ')?;
    Some(Money { minor: minor.parse().ok()?, currency: Currency::from_code(code)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;

    #[test]
    fn every_value_reads_back_from_its_text() {
        let id = Uuid::from_u128(7);
        for (holds, value) in [
            (Holds::Text, Value::Text("Closed Won".into())),
            (Holds::Integer, Value::Integer(-5)),
            (Holds::Ratio, Value::Ratio(250_000)),
            (Holds::Money, Value::Money(Money { minor: -1, currency: Currency::JPY })),
            (Holds::Date, Value::Date(jiff::civil::date(2017, 2, 28))),
            (Holds::Instant, Value::Instant(Timestamp::from_microsecond(-1).unwrap())),
            (Holds::Boolean, Value::Boolean(true)),
            (Holds::Reference(Kind::Accounts), Value::Reference(id)),
        ] {
            assert_eq!(Value::decode(holds, &value.encode()), Ok(value));
        }
        assert!(Value::decode(Holds::Money, "12").is_err());
    }
}

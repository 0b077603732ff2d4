//! The types of SQL Server, by the names that T-SQL has for them.

use std::fmt;

use datafusion::sql::sqlparser::ast::{
    BinaryLength, CharacterLength, DataType, ExactNumberInfo, TimezoneInfo,
};
use serde::{Deserialize, Serialize};

/// The longest `varchar` or `varbinary` with a number, in bytes.
const MAX_BYTES: u16 = 8000;
/// The longest `nvarchar` with a number, in characters.
const MAX_CHARACTERS: u16 = 4000;

/// A type. Lengths of strings count characters (bytes for the binary types); `None` is `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::sql) enum SqlType {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Real,
    Float,
    Decimal { precision: u8, scale: u8 },
    Money,
    SmallMoney,
    Date,
    Time(u8),
    DateTime,
    SmallDateTime,
    DateTime2(u8),
    DateTimeOffset(u8),
    Char(u16),
    VarChar(Option<u16>),
    NChar(u16),
    NVarChar(Option<u16>),
    Binary(u16),
    VarBinary(Option<u16>),
    UniqueIdentifier,
}

/// Why a type as written cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) enum TypeError {
    /// A type that does not exist or that this server does not have.
    Unknown(String),
    /// A length, precision or scale outside what the type allows.
    OutOfRange(String),
}

impl SqlType {
    /// The type behind what `sqlparser` read. A string without a length is one character long, in a CAST thirty.
    pub(in crate::sql) fn from_ast(
        written: &DataType,
        default_length: u16,
    ) -> Result<Self, TypeError> {
        let custom;
        let (name, arguments): (&str, Vec<String>) = match written {
            DataType::Custom(object, arguments) => {
                custom = object.0.last().map(ToString::to_string).unwrap_or_default();
                (custom.trim_matches(['[', ']', '"']), arguments.clone())
            }
            _ => return Self::from_known(written, default_length),
        };
        Self::from_name(name, &arguments).ok_or_else(|| TypeError::Unknown(written.to_string()))
    }

    fn from_known(written: &DataType, default_length: u16) -> Result<Self, TypeError> {
        let range = || TypeError::OutOfRange(written.to_string());
        let characters = |length: &Option<CharacterLength>, max: u16| match length {
            None => Ok(Some(default_length)),
            Some(CharacterLength::Max) => Ok(None),
            Some(CharacterLength::IntegerLength { length, .. }) => u16::try_from(*length)
                .ok()
                .filter(|length| (1..=max).contains(length))
                .map(Some)
                .ok_or_else(range),
        };
        let bytes = |length: Option<u64>| match length {
            None => Ok(default_length),
            Some(length) => u16::try_from(length)
                .ok()
                .filter(|length| (1..=MAX_BYTES).contains(length))
                .ok_or_else(range),
        };
        let scale = |scale: Option<u64>| match scale {
            None => Ok(7),
            Some(scale) => u8::try_from(scale)
                .ok()
                .filter(|scale| *scale <= 7)
                .ok_or_else(range),
        };
        Ok(match written {
            DataType::Bit(_) | DataType::Bool | DataType::Boolean => Self::Bit,
            DataType::TinyInt(_) => Self::TinyInt,
            DataType::SmallInt(_) => Self::SmallInt,
            DataType::Int(_) | DataType::Integer(_) => Self::Int,
            DataType::BigInt(_) => Self::BigInt,
            DataType::Real => Self::Real,
            DataType::Float(ExactNumberInfo::Precision(precision)) if *precision <= 24 => {
                Self::Real
            }
            DataType::Float(_) | DataType::DoublePrecision | DataType::Double(_) => Self::Float,
            DataType::Decimal(info) | DataType::Numeric(info) | DataType::Dec(info) => {
                decimal(info).ok_or_else(range)?
            }
            DataType::Date => Self::Date,
            DataType::Time(digits, TimezoneInfo::None) => Self::Time(scale(*digits)?),
            DataType::Datetime(None) => Self::DateTime,
            DataType::Char(length) | DataType::Character(length) => {
                Self::Char(characters(length, MAX_BYTES)?.ok_or_else(range)?)
            }
            DataType::Varchar(length)
            | DataType::CharVarying(length)
            | DataType::CharacterVarying(length) => Self::VarChar(characters(length, MAX_BYTES)?),
            DataType::Nvarchar(length) => Self::NVarChar(characters(length, MAX_CHARACTERS)?),
            DataType::Binary(length) => Self::Binary(bytes(*length)?),
            DataType::Varbinary(None) => Self::VarBinary(Some(default_length)),
            DataType::Varbinary(Some(BinaryLength::Max)) => Self::VarBinary(None),
            DataType::Varbinary(Some(BinaryLength::IntegerLength { length })) => {
                Self::VarBinary(Some(bytes(Some(*length))?))
            }
            DataType::Uuid => Self::UniqueIdentifier,
            DataType::Text => Self::VarChar(None),
            _ => return Err(TypeError::Unknown(written.to_string())),
        })
    }

    fn from_name(name: &str, arguments: &[String]) -> Option<Self> {
        let number = |at: usize| arguments.get(at).map(|text| text.parse::<u16>());
        let digits = match number(0) {
            None => Some(7),
            Some(Ok(digits)) => u8::try_from(digits).ok().filter(|digits| *digits <= 7),
            Some(Err(_)) => None,
        };
        Some(match name.to_ascii_lowercase().as_str() {
            "datetime2" => Self::DateTime2(digits?),
            "datetimeoffset" => Self::DateTimeOffset(digits?),
            "smalldatetime" => Self::SmallDateTime,
            "datetime" => Self::DateTime,
            "money" => Self::Money,
            "smallmoney" => Self::SmallMoney,
            "uniqueidentifier" => Self::UniqueIdentifier,
            "sysname" => Self::NVarChar(Some(128)),
            "ntext" => Self::NVarChar(None),
            "image" => Self::VarBinary(None),
            "nchar" => match number(0) {
                None => Self::NChar(1),
                Some(length) => Self::NChar(
                    length
                        .ok()
                        .filter(|length| (1..=MAX_CHARACTERS).contains(length))?,
                ),
            },
            "bit" => Self::Bit,
            "int" => Self::Int,
            "bigint" => Self::BigInt,
            "smallint" => Self::SmallInt,
            "tinyint" => Self::TinyInt,
            "float" => Self::Float,
            "real" => Self::Real,
            "date" => Self::Date,
            "text" => Self::VarChar(None),
            _ => return None,
        })
    }

    /// Whether values are text.
    pub(in crate::sql) fn is_text(self) -> bool {
        matches!(
            self,
            Self::Char(_) | Self::VarChar(_) | Self::NChar(_) | Self::NVarChar(_)
        )
    }
}

fn decimal(info: &ExactNumberInfo) -> Option<SqlType> {
    let (precision, scale) = match info {
        ExactNumberInfo::None => (18, 0),
        ExactNumberInfo::Precision(precision) => (*precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => {
            (*precision, u64::try_from(*scale).ok()?)
        }
    };
    if !(1..=38).contains(&precision) || scale > precision {
        return None;
    }
    Some(SqlType::Decimal {
        precision: u8::try_from(precision).ok()?,
        scale: u8::try_from(scale).ok()?,
    })
}

impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = |f: &mut fmt::Formatter<'_>, name: &str, length: Option<u16>| match length {
            Some(length) => write!(f, "{name}({length})"),
            None => write!(f, "{name}(max)"),
        };
        match *self {
            Self::Bit => f.write_str("bit"),
            Self::TinyInt => f.write_str("tinyint"),
            Self::SmallInt => f.write_str("smallint"),
            Self::Int => f.write_str("int"),
            Self::BigInt => f.write_str("bigint"),
            Self::Real => f.write_str("real"),
            Self::Float => f.write_str("float"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Money => f.write_str("money"),
            Self::SmallMoney => f.write_str("smallmoney"),
            Self::Date => f.write_str("date"),
            Self::Time(scale) => write!(f, "time({scale})"),
            Self::DateTime => f.write_str("datetime"),
            Self::SmallDateTime => f.write_str("smalldatetime"),
            Self::DateTime2(scale) => write!(f, "datetime2({scale})"),
            Self::DateTimeOffset(scale) => write!(f, "datetimeoffset({scale})"),
            Self::Char(n) => length(f, "char", Some(n)),
            Self::VarChar(n) => length(f, "varchar", n),
            Self::NChar(n) => length(f, "nchar", Some(n)),
            Self::NVarChar(n) => length(f, "nvarchar", n),
            Self::Binary(n) => length(f, "binary", Some(n)),
            Self::VarBinary(n) => length(f, "varbinary", n),
            Self::UniqueIdentifier => f.write_str("uniqueidentifier"),
        }
    }
}

//! The types of C# that U-SQL expressions can have.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A type of C#.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of C#")]
pub enum Type {
    Bool,
    SByte,
    Byte,
    Short,
    UShort,
    Int,
    UInt,
    Long,
    ULong,
    Float,
    Double,
    Decimal,
    Char,
    String,
    DateTime,
    TimeSpan,
    Guid,
    /// A value type that may be null.
    Nullable(Box<Type>),
    /// `T[]`.
    Array(Box<Type>),
    /// `SqlArray<T>`, `SQL.ARRAY<T>`.
    SqlArray(Box<Type>),
    /// `SqlMap<K, V>`, `SQL.MAP<K, V>`.
    SqlMap(Box<Type>, Box<Type>),
    /// `IEnumerable<T>`, `List<T>` and what LINQ returns.
    Enumerable(Box<Type>),
    /// `IGrouping<K, T>`.
    Grouping(Box<Type>, Box<Type>),
    /// `KeyValuePair<K, V>`.
    KeyValuePair(Box<Type>, Box<Type>),
    /// `Tuple<…>`.
    Tuple(Vec<Type>),
    /// `Func<…, R>`: parameters and result.
    Func(Vec<Type>, Box<Type>),
    Enum(EnumType),
    Encoding,
    /// The type of the literal `null`.
    Null,
    Object,
    /// A lambda whose parameters have no types yet.
    Lambda,
}

/// The enumerations that members take or return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EnumType {
    DayOfWeek,
    StringSplitOptions,
    StringComparison,
    MidpointRounding,
    DateTimeKind,
}

impl EnumType {
    /// Its members, with their values.
    pub const fn members(self) -> &'static [(&'static str, i32)] {
        match self {
            Self::DayOfWeek => &[
                ("Sunday", 0),
                ("Monday", 1),
                ("Tuesday", 2),
                ("Wednesday", 3),
                ("Thursday", 4),
                ("Friday", 5),
                ("Saturday", 6),
            ],
            Self::StringSplitOptions => &[("None", 0), ("RemoveEmptyEntries", 1)],
            Self::StringComparison => &[
                ("CurrentCulture", 0),
                ("CurrentCultureIgnoreCase", 1),
                ("InvariantCulture", 2),
                ("InvariantCultureIgnoreCase", 3),
                ("Ordinal", 4),
                ("OrdinalIgnoreCase", 5),
            ],
            Self::MidpointRounding => &[("ToEven", 0), ("AwayFromZero", 1)],
            Self::DateTimeKind => &[("Unspecified", 0), ("Utc", 1), ("Local", 2)],
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DayOfWeek => "DayOfWeek",
            Self::StringSplitOptions => "StringSplitOptions",
            Self::StringComparison => "StringComparison",
            Self::MidpointRounding => "MidpointRounding",
            Self::DateTimeKind => "DateTimeKind",
        }
    }

    /// The enumeration of a name.
    pub fn by_name(name: &str) -> Option<Self> {
        [
            Self::DayOfWeek,
            Self::StringSplitOptions,
            Self::StringComparison,
            Self::MidpointRounding,
            Self::DateTimeKind,
        ]
        .into_iter()
        .find(|e| e.name() == name)
    }
}

impl Type {
    /// The integral types, narrowest first.
    pub fn is_integral(&self) -> bool {
        matches!(
            self,
            Self::SByte
                | Self::Byte
                | Self::Short
                | Self::UShort
                | Self::Int
                | Self::UInt
                | Self::Long
                | Self::ULong
                | Self::Char
        )
    }

    /// A type that arithmetic works on.
    pub fn is_numeric(&self) -> bool {
        self.is_integral() || matches!(self, Self::Float | Self::Double | Self::Decimal)
    }

    /// Whether `?` can be added, and null is no value of it.
    pub fn is_value_type(&self) -> bool {
        self.is_numeric()
            || matches!(
                self,
                Self::Bool
                    | Self::DateTime
                    | Self::TimeSpan
                    | Self::Guid
                    | Self::Enum(_)
                    | Self::KeyValuePair(..)
            )
    }

    /// Whether null is a value of it.
    pub fn is_nullable(&self) -> bool {
        !self.is_value_type()
    }

    /// `T?` for a value type, the type itself otherwise.
    #[must_use]
    pub fn to_nullable(&self) -> Self {
        if self.is_value_type() {
            Self::Nullable(Box::new(self.clone()))
        } else {
            self.clone()
        }
    }

    /// `T` for `T?`, the type itself otherwise.
    pub fn underlying(&self) -> &Self {
        match self {
            Self::Nullable(inner) => inner,
            other => other,
        }
    }

    /// Whether it can be the type of a column.
    pub fn is_column_type(&self) -> bool {
        match self.underlying() {
            Self::TimeSpan | Self::Enum(_) | Self::KeyValuePair(..) => false,
            inner if inner.is_value_type() => true,
            Self::String => true,
            Self::Array(item) => **item == Self::Byte,
            Self::SqlArray(item) => item.is_column_type(),
            Self::SqlMap(key, value) => {
                key.is_column_type() && value.is_column_type() && value.is_nullable()
            }
            _ => false,
        }
    }

    /// Whether values of it can be grouped, compared for equality by column,
    /// and sorted.
    pub fn is_comparable(&self) -> bool {
        !matches!(self, Self::SqlArray(_) | Self::SqlMap(..)) && self.is_column_type()
    }

    /// What a sequence of this type yields.
    pub fn element(&self) -> Option<Self> {
        match self {
            Self::Array(item)
            | Self::SqlArray(item)
            | Self::Enumerable(item)
            | Self::Grouping(_, item) => Some((**item).clone()),
            Self::SqlMap(key, value) => Some(Self::KeyValuePair(key.clone(), value.clone())),
            Self::String => Some(Self::Char),
            _ => None,
        }
    }

    /// The keyword types and the others that have one plain name.
    pub fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "bool" | "Boolean" => Self::Bool,
            "sbyte" | "SByte" => Self::SByte,
            "byte" | "Byte" => Self::Byte,
            "short" | "Int16" => Self::Short,
            "ushort" | "UInt16" => Self::UShort,
            "int" | "Int32" => Self::Int,
            "uint" | "UInt32" => Self::UInt,
            "long" | "Int64" => Self::Long,
            "ulong" | "UInt64" => Self::ULong,
            "float" | "Single" => Self::Float,
            "double" | "Double" => Self::Double,
            "decimal" | "Decimal" => Self::Decimal,
            "char" | "Char" => Self::Char,
            "string" | "String" => Self::String,
            "object" | "Object" => Self::Object,
            "DateTime" => Self::DateTime,
            "TimeSpan" => Self::TimeSpan,
            "Guid" => Self::Guid,
            "Encoding" => Self::Encoding,
            _ => return EnumType::by_name(name).map(Self::Enum),
        })
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Bool => "bool",
            Self::SByte => "sbyte",
            Self::Byte => "byte",
            Self::Short => "short",
            Self::UShort => "ushort",
            Self::Int => "int",
            Self::UInt => "uint",
            Self::Long => "long",
            Self::ULong => "ulong",
            Self::Float => "float",
            Self::Double => "double",
            Self::Decimal => "decimal",
            Self::Char => "char",
            Self::String => "string",
            Self::DateTime => "DateTime",
            Self::TimeSpan => "TimeSpan",
            Self::Guid => "Guid",
            Self::Encoding => "Encoding",
            Self::Null => "<null>",
            Self::Object => "object",
            Self::Lambda => "lambda expression",
            Self::Enum(name) => name.name(),
            Self::Nullable(inner) => return write!(f, "{inner}?"),
            Self::Array(item) => return write!(f, "{item}[]"),
            Self::SqlArray(item) => return write!(f, "SQL.ARRAY<{item}>"),
            Self::SqlMap(key, value) => return write!(f, "SQL.MAP<{key}, {value}>"),
            Self::Enumerable(item) => return write!(f, "IEnumerable<{item}>"),
            Self::Grouping(key, item) => return write!(f, "IGrouping<{key}, {item}>"),
            Self::KeyValuePair(key, value) => return write!(f, "KeyValuePair<{key}, {value}>"),
            Self::Tuple(items) => return list(f, "Tuple", items, None),
            Self::Func(params, result) => return list(f, "Func", params, Some(result)),
        };
        f.write_str(name)
    }
}

fn list(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    items: &[Type],
    last: Option<&Type>,
) -> fmt::Result {
    write!(f, "{name}<")?;
    for (n, item) in items.iter().chain(last).enumerate() {
        write!(f, "{}{item}", if n > 0 { ", " } else { "" })?;
    }
    f.write_str(">")
}
